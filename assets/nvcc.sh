#!/bin/sh
# Whether this nvcc can make the CUDA plug-in: it compiles and links a small program with the runtime and cuBLAS, which
# fails where cuBLAS is not installed or the host's compiler is too new for it. Says "yes" or nothing; what nvcc said is in
# build/nvcc.log, and the answer is kept there for the next time. NVCC: a path.
# Usage: nvcc.sh NVCC
nvcc=$1 log=build/nvcc.log
key="$nvcc $("$nvcc" --version 2>/dev/null | tail -n 1) $(cc -dumpfullversion 2>/dev/null)"
mkdir -p build
if [ -f $log ] && [ "$(head -n 1 $log)" = "$key" ] && [ "$(sed -n 2p $log)" = yes ]; then
    echo yes
    exit
fi
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
printf '#include <cublas_v2.h>\n__global__ void k() {}\nint main() { k<<<1, 1>>>(); cublasHandle_t h; return cublasCreate(&h); }\n' \
    >"$work/t.cu"
if "$nvcc" -std=c++17 -cudart static -o "$work/t" "$work/t.cu" -lcublas >"$work/said" 2>&1; then answer=yes; else answer=no; fi
{ echo "$key"; echo $answer; cat "$work/said"; } >$log
[ $answer = no ] || echo yes
