// Every program of the unprotected benchmark build says so when it starts, before anything else.
#include <cstdio>

#include "unprotected_text.h"

namespace {

[[gnu::constructor]] void say_so() { std::fputs(BRUME_UNPROTECTED_TEXT "\n", stderr); }

}  // namespace
