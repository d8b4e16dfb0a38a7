#!/bin/sh
# usage: imports.sh NM SIZE OBJECT IMPORTS
# The runtime that goes into models needs exactly the functions in IMPORTS, has 50 KB at most and only quern_ names.
set -e
nm=$1 size=$2 object=$3 imports=$4
needed=$("$nm" -u --format=just-symbols "$object" | sort)
if ! [ "$needed" = "$(grep -v '^#' "$imports" | sort)" ]; then
  echo "imports of $object differ from $imports:"
  echo "$needed"
  exit 1
fi
others=$("$nm" -g -U --format=just-symbols "$object" | grep -v '^quern_' || true)
if [ -n "$others" ]; then
  echo "global names without quern_: $others"
  exit 1
fi
bytes=$("$size" "$object" | awk 'NR == 2 { print $4 }')
echo "$bytes bytes"
[ "$bytes" -le 50000 ]
