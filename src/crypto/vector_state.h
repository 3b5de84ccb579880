// OpenSSL 3.0's Poly1305 for processors with AVX-512 IFMA (poly1305_blocks_vpmadd52) returns with the upper halves of
// vector registers in use. From then on each change between SSE code, which a program for all x86-64 hosts is made of,
// and AVX instructions takes 70 ns (measured on Rocket Lake): half of the time of a job that hashes keys.
#pragma once

namespace brume::crypto {

// After AEAD of OpenSSL's. Of no consequence but for time. TLS has it, too, but all that takes time comes behind an
// AEAD of ours.
void clear_upper_halves();

}  // namespace brume::crypto
