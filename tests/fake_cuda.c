/* A CUDA plug-in with another table than this build's: what test_cuda_open sees refused. */
#include "../src/nn/cuda_plugin.h"

extern const struct cuda_plugin fsplab_cuda_plugin;
const struct cuda_plugin fsplab_cuda_plugin = {.abi = CUDA_PLUGIN_ABI + 1};
