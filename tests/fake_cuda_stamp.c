/* A CUDA plug-in made from other sources: what test_cuda_open sees refused. */
#include "../src/nn/cuda_plugin.h"

extern const struct cuda_plugin fsplab_cuda_plugin;
const struct cuda_plugin fsplab_cuda_plugin = {.abi = CUDA_PLUGIN_ABI, .stamp = "0.0-1"};
