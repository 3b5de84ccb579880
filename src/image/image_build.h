// From a node program and an enclave program to an image and its reference values.
#pragma once

#include "abi/config.h"
#include "crypto/rsa.h"
#include "image/oci_layout.h"
#include "image/reference_values.h"

namespace brume::image {

// The file in an image that tells people what is in it. Informative: nobody trusts it.
inline constexpr std::string_view kImageConfigPath = "enclave/config.json";

struct ImageInputs {
  std::string job_name;
  Bytes node_program;         // static ELF, the container's entry point
  Bytes enclave_program;      // static PIE ELF with an empty configuration page
  abi::EnclaveConfig config;  // written into that page, so MRENCLAVE pins it
  std::uint16_t product_id = 0;
  std::uint16_t isv_svn = 1;
};

struct BuiltImage {
  ImageFiles files;
  ImageSettings settings;
  ReferenceValues reference;  // manifest_digest is filled in by whoever writes the layout
};

// Patches the configuration, measures, signs. The same inputs and signer give the same bytes.
Result<BuiltImage> assemble_image(const ImageInputs& inputs, const crypto::Rsa3072Key& signer);

// Recomputes the reference values from the files alone; refuses an image whose SIGSTRUCT does not fit
// its program.
Result<ReferenceValues> measure_image(const ImageFiles& files);

}  // namespace brume::image
