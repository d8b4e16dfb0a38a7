/* The runtime as the compiler carries it: the bytes of one relocatable ELF object for each target triple, for the link
 * of a model. */
#ifndef QUERN_RUNTIME_RUNTIMEIMAGE_H
#define QUERN_RUNTIME_RUNTIMEIMAGE_H

#ifdef __cplusplus
extern "C" {
#endif

/* Static storage, 16-byte aligned. */
extern const char quern_runtime_x86_64[], quern_runtime_x86_64_end[];
extern const char quern_runtime_aarch64[], quern_runtime_aarch64_end[];
/* Kernels on strings (text/). */
extern const char quern_text_x86_64[], quern_text_x86_64_end[];
extern const char quern_text_aarch64[], quern_text_aarch64_end[];
/* What drives CUDA devices (cuda/), for x86_64-linux-gnu. */
extern const char quern_cuda_x86_64[], quern_cuda_x86_64_end[];

#ifdef __cplusplus
}
#endif
#endif
