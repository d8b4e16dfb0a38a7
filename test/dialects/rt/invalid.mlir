// Sizes of the rt dialect are expressions; anything else is refused where it stands.
// RUN: quern-opt %s --split-input-file --verify-diagnostics

func.func @host() {
  // expected-error @below {{attribute 'slots' failed to satisfy constraint: array of expressions over symbols}}
  rt.arena {slots = ["4*(batch"]} : () -> ()
  return
}

// -----

func.func @host() {
  // expected-error @below {{attribute 'bytes' failed to satisfy constraint: expression over symbols}}
  %0 = rt.allocate {bytes = ""} : () -> !rt.buffer
  return
}

// -----

func.func @host(%x: !rt.buffer) {
  // expected-error @below {{attribute 'tasks' failed to satisfy constraint: expression over symbols}}
  rt.launch %x {callee = @k0, dims = ["N"], name = "k", nodes = "", scratch = "0", site = 0 : i64, tasks = "N M"} : (!rt.buffer) -> ()
  return
}
