#include <openssl/asn1.h>

#include <chrono>
#include <cstdio>
#include <ctime>

#include "crypto/x509_parse.h"

namespace brume::crypto {

UnixMs unix_ms(const ASN1_TIME* time) {
  std::tm parts{};
  BRUME_CHECK(time != nullptr && ASN1_TIME_to_tm(time, &parts) == 1);
  using namespace std::chrono;
  sys_days day = year(parts.tm_year + 1900) / month(static_cast<unsigned>(parts.tm_mon + 1)) /
                 std::chrono::day(static_cast<unsigned>(parts.tm_mday));
  seconds since = day.time_since_epoch() + hours(parts.tm_hour) + minutes(parts.tm_min) + seconds(parts.tm_sec);
  return milliseconds(since).count();
}

void set_time(ASN1_TIME* out, UnixMs time) {
  using namespace std::chrono;
  seconds since = floor<seconds>(milliseconds(time));
  sys_days day = floor<days>(sys_seconds(since));
  year_month_day date(day);
  hh_mm_ss clock(sys_seconds(since) - day);
  char text[32];
  int size = std::snprintf(text, sizeof text, "%04d%02u%02u%02d%02d%02dZ", static_cast<int>(date.year()),
                           static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                           static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                           static_cast<int>(clock.seconds().count()));
  BRUME_CHECK(size == 15 && ASN1_TIME_set_string_X509(out, text) == 1);
}

}  // namespace brume::crypto
