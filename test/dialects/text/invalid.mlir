// What the ops on strings refuse, one message each.
// RUN: quern-opt --split-input-file --verify-diagnostics %s

func.func @table(%b: tensor<7xui8>, %o: tensor<?xi64>, %s: tensor<2xi64>) {
  // expected-error @below {{needs ui8 bytes, i64 offsets and i64 starts of known number, of rank 1}}
  // expected-error @below {{failed to infer returned types}}
  %0 = text.hash_table %b, %o, %s : (tensor<7xui8>, tensor<?xi64>, tensor<2xi64>) -> tensor<111xui8>
  return
}

// -----

func.func @keys(%x: tensor<4xf32>, %t: tensor<111xui8>) {
  // expected-error @below {{looks strings, f64 and i64 up, not 'f32'}}
  %0 = text.lookup %x, %t {groups = 1 : i64} : (tensor<4xf32>, tensor<111xui8>) -> tensor<4xi64>
  return
}

// -----

func.func @no_table(%x: tensor<4xf64>, %t: tensor<111xi8>) {
  // expected-error @below {{needs a table of text.hash_table}}
  %0 = text.lookup %x, %t {groups = 1 : i64} : (tensor<4xf64>, tensor<111xi8>) -> tensor<4xi64>
  return
}

// -----

func.func @columns(%x: tensor<4x3x!text.string>, %t: tensor<111xui8>) {
  // expected-error @below {{has 2 groups, which are not the columns of 'tensor<4x3x!text.string>'}}
  %0 = text.lookup %x, %t {groups = 2 : i64} : (tensor<4x3x!text.string>, tensor<111xui8>) -> tensor<4x3xi64>
  return
}

// -----

func.func @numbers(%x: tensor<4xi32>, %t: tensor<111xui8>) {
  // expected-error @below {{needs i64 numbers and a table of text.hash_table}}
  %0 = text.pick_strings %x, %t : (tensor<4xi32>, tensor<111xui8>) -> tensor<4x!text.string>
  return
}

// -----

func.func @others(%x: tensor<4xi64>, %t: tensor<111xui8>, %y: tensor<3x!text.string>) {
  // expected-error @below {{needs other strings of the dims of the numbers}}
  %0 = text.pick_strings %x, %t, %y : (tensor<4xi64>, tensor<111xui8>, tensor<3x!text.string>) -> tensor<4x!text.string>
  return
}

// -----

func.func @rank(%x: tensor<4x1x!text.string>, %t: tensor<111xui8>) {
  // expected-error @below {{needs texts of rank 1}}
  // expected-error @below {{failed to infer returned types}}
  %0 = text.terms %x, %t {analyzer = "word", binary = false, least_letters = 2 : i64, least_n = 1 : i64, longest = 4 : i64, lowercase = true, most_n = 1 : i64, norm = "l2", sublinear = false, terms = 2 : i64} : (tensor<4x1x!text.string>, tensor<111xui8>) -> tensor<4x2xf64>
  return
}

// -----

func.func @factors(%x: tensor<4x!text.string>, %t: tensor<111xui8>, %f: tensor<3xf64>) {
  // expected-error @below {{has factors of type 'tensor<3xf64>' for 2 terms}}
  %0 = text.terms %x, %t, %f {analyzer = "word", binary = false, least_letters = 2 : i64, least_n = 1 : i64, longest = 4 : i64, lowercase = true, most_n = 1 : i64, norm = "l2", sublinear = false, terms = 2 : i64} : (tensor<4x!text.string>, tensor<111xui8>, tensor<3xf64>) -> tensor<4x2xf64>
  return
}

// -----

func.func @texts(%x: tensor<4xf64>, %t: tensor<111xui8>) {
  // expected-error @below {{needs texts, a table of text.hash_table and fewer than 2^31 terms}}
  %0 = text.terms %x, %t {analyzer = "word", binary = false, least_letters = 2 : i64, least_n = 1 : i64, longest = 4 : i64, lowercase = true, most_n = 1 : i64, norm = "l2", sublinear = false, terms = 2 : i64} : (tensor<4xf64>, tensor<111xui8>) -> tensor<4x2xf64>
  return
}

// -----

func.func @analyzer(%x: tensor<4x!text.string>, %t: tensor<111xui8>) {
  // expected-error @below {{has the analyzer "line"; there are word, char and char_wb}}
  %0 = text.terms %x, %t {analyzer = "line", binary = false, least_letters = 2 : i64, least_n = 1 : i64, longest = 4 : i64, lowercase = true, most_n = 1 : i64, norm = "l2", sublinear = false, terms = 2 : i64} : (tensor<4x!text.string>, tensor<111xui8>) -> tensor<4x2xf64>
  return
}

// -----

func.func @norm(%x: tensor<4x!text.string>, %t: tensor<111xui8>) {
  // expected-error @below {{has the norm "l3"; there are none, l1 and l2}}
  %0 = text.terms %x, %t {analyzer = "word", binary = false, least_letters = 2 : i64, least_n = 1 : i64, longest = 4 : i64, lowercase = true, most_n = 1 : i64, norm = "l3", sublinear = false, terms = 2 : i64} : (tensor<4x!text.string>, tensor<111xui8>) -> tensor<4x2xf64>
  return
}

// -----

func.func @n_grams(%x: tensor<4x!text.string>, %t: tensor<111xui8>) {
  // expected-error @below {{takes n-grams of 3 to 2, not of 1 to 256}}
  %0 = text.terms %x, %t {analyzer = "word", binary = false, least_letters = 2 : i64, least_n = 3 : i64, longest = 4 : i64, lowercase = true, most_n = 2 : i64, norm = "l2", sublinear = false, terms = 2 : i64} : (tensor<4x!text.string>, tensor<111xui8>) -> tensor<4x2xf64>
  return
}

// -----

func.func @letters(%x: tensor<4x!text.string>, %t: tensor<111xui8>) {
  // expected-error @below {{needs words of one letter or more, and terms of at most 2^20 bytes}}
  %0 = text.terms %x, %t {analyzer = "word", binary = false, least_letters = 0 : i64, least_n = 1 : i64, longest = 4 : i64, lowercase = true, most_n = 2 : i64, norm = "l2", sublinear = false, terms = 2 : i64} : (tensor<4x!text.string>, tensor<111xui8>) -> tensor<4x2xf64>
  return
}

// -----

func.func @weight(%x: tensor<4x!text.string>, %t: tensor<111xui8>, %w: tensor<3x1xf64>) {
  // expected-error @below {{needs an f64 weight with a row for each of 2 terms}}
  %0 = text.term_product %x, %t, %w {analyzer = "word", binary = false, least_letters = 2 : i64, least_n = 1 : i64, longest = 4 : i64, lowercase = true, most_n = 2 : i64, norm = "l2", sublinear = false, terms = 2 : i64} : (tensor<4x!text.string>, tensor<111xui8>, tensor<3x1xf64>) -> tensor<4x1xf64>
  return
}

// -----

func.func @weight_rank(%x: tensor<4x!text.string>, %t: tensor<111xui8>, %w: tensor<2xf64>) {
  // expected-error @below {{needs a weight of rank 2}}
  // expected-error @below {{failed to infer returned types}}
  %0 = text.term_product %x, %t, %w {analyzer = "word", binary = false, least_letters = 2 : i64, least_n = 1 : i64, longest = 4 : i64, lowercase = true, most_n = 2 : i64, norm = "l2", sublinear = false, terms = 2 : i64} : (tensor<4x!text.string>, tensor<111xui8>, tensor<2xf64>) -> tensor<4x1xf64>
  return
}
