#include "session/identifier.h"

#include <cstdint>
#include <random>

namespace sluice::session {

std::string makeUuid() {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::random_device random;
  std::string uuid;
  for (int i = 0; i < 16; ++i) {
    std::uint32_t byte = random() & 0xFFU;
    if (i == 6) byte = (byte & 0x0FU) | 0x40U;
    if (i == 8) byte = (byte & 0x3FU) | 0x80U;
    if (i == 4 || i == 6 || i == 8 || i == 10) uuid.push_back('-');
    uuid.push_back(kDigits[byte >> 4U]);
    uuid.push_back(kDigits[byte & 0xFU]);
  }
  return uuid;
}

}  // namespace sluice::session
