#include "image/image_build.h"

#include <gtest/gtest.h>

#include "image/image_diff.h"
#include "measure/elf_layout.h"
#include "measure/testing/elf_builder.h"

namespace brume::image {
namespace {

const crypto::Rsa3072Key& signer() {
  static const crypto::Rsa3072Key key = crypto::Rsa3072Key::generate();
  return key;
}

ImageInputs sample_inputs() {
  ImageInputs inputs;
  inputs.job_name = "sample";
  inputs.node_program = Bytes(5000, 1);
  inputs.enclave_program = measure::testing::TestElf().build();
  inputs.config.heap_size = 64u << 20;
  inputs.config.master.bytes.fill(7);
  inputs.isv_svn = 3;
  return inputs;
}

BuiltImage sample_image() {
  auto built = assemble_image(sample_inputs(), signer());
  EXPECT_TRUE(built) << built.error().what;
  return std::move(*built);
}

TEST(ImageBuild, GivesTheSameBytesForTheSameInputs) {
  EXPECT_EQ(sample_image().reference, sample_image().reference);
  EXPECT_TRUE(diff_images(sample_image().files, sample_image().files).empty());
}

TEST(ImageBuild, MeasuresTheMasterThatIsPinned) {
  ImageInputs inputs = sample_inputs();
  inputs.config.master.bytes[31] ^= 1;
  auto other = assemble_image(inputs, signer());
  ASSERT_TRUE(other);
  EXPECT_NE(other->reference.measurement, sample_image().reference.measurement);
  EXPECT_NE(other->reference.image_digest, sample_image().reference.image_digest);
  EXPECT_EQ(other->reference.master, inputs.config.master);
}

TEST(ImageBuild, RefusesAProgramThatIsNotThatOfItsSigstruct) {
  BuiltImage image = sample_image();
  Bytes& program = image.files["enclave/program"].content;
  auto other = measure::with_config(program, {.heap_size = 32u << 20, .master = {}});
  ASSERT_TRUE(other) << other.error().what;
  program = *other;
  auto measured = measure_image(image.files);
  ASSERT_FALSE(measured);
  EXPECT_EQ(measured.error().code, ErrorCode::kAuthFailed);
}

TEST(ImageBuild, RefusesAnImageWithoutAProgram) {
  BuiltImage image = sample_image();
  image.files.erase("enclave/program");
  EXPECT_FALSE(measure_image(image.files));
}

// Whatever is changed in the image, its digest changes.
TEST(ImageBuild, ChangesTheImageDigestWithEveryChange) {
  const BuiltImage good = sample_image();
  auto digest_after = [&good](auto change) {
    ImageFiles files = good.files;
    change(files);
    auto measured = measure_image(files);
    return measured ? measured->image_digest : ImageDigest{};
  };
  const ImageDigest before = good.reference.image_digest;
  EXPECT_EQ(digest_after([](ImageFiles&) {}), before);
  EXPECT_NE(digest_after([](ImageFiles& f) { f["brume-node"].content[0] ^= 1; }), before);
  EXPECT_NE(digest_after([](ImageFiles& f) { f["brume-node"].mode = 0555; }), before);
  EXPECT_NE(digest_after([](ImageFiles& f) { f["extra"] = {FileKind::kRegular, 0644, {}, {}}; }), before);
  EXPECT_NE(digest_after([](ImageFiles& f) { f["link"] = {FileKind::kSymlink, 0777, {}, "brume-node"}; }), before);
  EXPECT_NE(digest_after([](ImageFiles& f) { f.erase("enclave/config.json"); }), before);
}

TEST(ReferenceValues, RoundTripAndRefuseWhatIsUnknown) {
  ReferenceValues values = sample_image().reference;
  std::string text = encode_reference_values(values);
  auto parsed = parse_reference_values(text);
  ASSERT_TRUE(parsed) << parsed.error().what;
  EXPECT_EQ(*parsed, values);
  EXPECT_FALSE(parse_reference_values("{}"));
  EXPECT_FALSE(parse_reference_values("[1"));
  std::string foreign = text;
  foreign.replace(foreign.find("\"signer\""), 8, "\"singer\"");
  EXPECT_FALSE(parse_reference_values(foreign));
  std::string version = text;
  version.replace(version.find("values/1"), 8, "values/2");
  EXPECT_FALSE(parse_reference_values(version));
}

TEST(ImageDiff, NamesFileModeAndEnclavePage) {
  const BuiltImage before = sample_image();
  ImageFiles after = before.files;
  after["brume-node"].mode = 0555;
  after["new"] = {FileKind::kDirectory, 0755, {}, {}};
  after.erase("enclave/sigstruct");
  auto other = measure::with_config(after["enclave/program"].content, {.heap_size = 64u << 20, .master = {}});
  ASSERT_TRUE(other);
  after["enclave/program"].content = *other;
  auto differences = diff_images(before.files, after);
  ASSERT_EQ(differences.size(), 4u);
  EXPECT_EQ(differences[0].path, "/brume-node");
  EXPECT_EQ(differences[0].what, "mode 0555, was 0755");
  EXPECT_EQ(differences[1].path, "/enclave/program");
  EXPECT_NE(differences[1].what.find("page at enclave offset 0x"), std::string::npos) << differences[1].what;
  EXPECT_EQ(differences[2].path, "/enclave/sigstruct");
  EXPECT_EQ(differences[3].path, "/new");
}

}  // namespace
}  // namespace brume::image
