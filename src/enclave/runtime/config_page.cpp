// The measured configuration page with its defaults; `brume image build` writes the owner's over it.
#include "abi/config.h"

extern "C" {
[[gnu::visibility("hidden")]] extern const unsigned char brume_config_page[4096];

// "BRMCONF1" | version 1 | 1 thread | heap 256 MiB | stack 1 MiB | no master pinned
[[gnu::section(".brume.config"), gnu::used, gnu::aligned(4096)]]
const unsigned char brume_config_page[4096] = {'B', 'R', 'M', 'C', 'O', 'N', 'F', '1', 1, 0, 0,    0, 1, 0, 0, 0,
                                               0,   0,   0,   16,  0,   0,   0,   0,   0, 0, 0x10, 0, 0, 0, 0, 0};
}
static_assert(sizeof brume_config_page == brume::abi::kConfigSize);
