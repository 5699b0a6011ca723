#include "text/utf.h"

#include <algorithm>
#include <cstdint>

namespace sluice::text {
namespace {

constexpr char32_t kReplacement = 0xFFFD;

struct Decoded {
  char32_t codePoint;
  std::size_t length;  // bytes read
  bool wellFormed;
};

struct Lead {
  int trailing;            // -1: no lead byte
  std::uint8_t low, high;  // bounds of the second byte, which rule out overlong forms and surrogates
};

Lead leadOf(std::uint8_t byte) {
  if (byte < 0x80) return {0, 0, 0};
  if (byte < 0xC2) return {-1, 0, 0};
  if (byte < 0xE0) return {1, 0x80, 0xBF};
  if (byte == 0xE0) return {2, 0xA0, 0xBF};
  if (byte == 0xED) return {2, 0x80, 0x9F};
  if (byte < 0xF0) return {2, 0x80, 0xBF};
  if (byte == 0xF0) return {3, 0x90, 0xBF};
  if (byte < 0xF4) return {3, 0x80, 0xBF};
  if (byte == 0xF4) return {3, 0x80, 0x8F};
  return {-1, 0, 0};
}

Decoded decode(std::string_view bytes) {
  const auto first = static_cast<std::uint8_t>(bytes[0]);
  const Lead lead = leadOf(first);
  if (lead.trailing == 0) return {first, 1, true};
  if (lead.trailing < 0) return {kReplacement, 1, false};
  char32_t codePoint = first & (0x3F >> lead.trailing);
  for (int i = 1; i <= lead.trailing; ++i) {
    const auto at = static_cast<std::size_t>(i);
    if (at >= bytes.size()) return {kReplacement, at, false};
    const auto byte = static_cast<std::uint8_t>(bytes[at]);
    const std::uint8_t low = i == 1 ? lead.low : std::uint8_t{0x80};
    const std::uint8_t high = i == 1 ? lead.high : std::uint8_t{0xBF};
    if (byte < low || byte > high) return {kReplacement, at, false};
    codePoint = (codePoint << 6) | (byte & 0x3F);
  }
  return {codePoint, static_cast<std::size_t>(lead.trailing) + 1, true};
}

void append(std::string& out, char32_t codePoint) {
  const auto byte = [&out](char32_t value) { out.push_back(static_cast<char>(value)); };
  if (codePoint < 0x80) return byte(codePoint);
  if (codePoint < 0x800) {
    byte(0xC0 | (codePoint >> 6));
  } else if (codePoint < 0x10000) {
    byte(0xE0 | (codePoint >> 12));
    byte(0x80 | ((codePoint >> 6) & 0x3F));
  } else {
    byte(0xF0 | (codePoint >> 18));
    byte(0x80 | ((codePoint >> 12) & 0x3F));
    byte(0x80 | ((codePoint >> 6) & 0x3F));
  }
  byte(0x80 | (codePoint & 0x3F));
}

bool isHighSurrogate(char16_t unit) {
  return unit >= 0xD800 && unit <= 0xDBFF;
}
bool isLowSurrogate(char16_t unit) {
  return unit >= 0xDC00 && unit <= 0xDFFF;
}

char16_t fold(char16_t letter) {
  if (letter >= u'A' && letter <= u'Z') return static_cast<char16_t>(letter + 0x20);
  if (letter >= u'А' && letter <= u'Я') return static_cast<char16_t>(letter + 0x20);
  return letter == u'Ё' ? u'ё' : letter;
}

}  // namespace

bool isUtf8(std::string_view bytes) {
  while (!bytes.empty()) {
    const Decoded decoded = decode(bytes);
    if (!decoded.wellFormed) return false;
    bytes.remove_prefix(decoded.length);
  }
  return true;
}

std::u16string toUtf16(std::string_view utf8) {
  std::u16string out;
  out.reserve(utf8.size());
  while (!utf8.empty()) {
    const Decoded decoded = decode(utf8);
    utf8.remove_prefix(decoded.length);
    if (decoded.codePoint < 0x10000) {
      out.push_back(static_cast<char16_t>(decoded.codePoint));
    } else {
      out.push_back(static_cast<char16_t>(0xD800 + ((decoded.codePoint - 0x10000) >> 10)));
      out.push_back(static_cast<char16_t>(0xDC00 + ((decoded.codePoint - 0x10000) & 0x3FF)));
    }
  }
  return out;
}

std::string toUtf8(std::u16string_view utf16) {
  std::string out;
  out.reserve(utf16.size());
  for (std::size_t i = 0; i < utf16.size(); ++i) {
    const char16_t unit = utf16[i];
    if (isHighSurrogate(unit) && i + 1 < utf16.size() && isLowSurrogate(utf16[i + 1])) {
      const char32_t high = unit - 0xD800U;
      const char32_t low = utf16[++i] - 0xDC00U;
      append(out, 0x10000 + (high << 10) + low);
    } else {
      append(out, isHighSurrogate(unit) || isLowSurrogate(unit) ? kReplacement : char32_t{unit});
    }
  }
  return out;
}

std::string_view beginningOf(std::string_view utf8, std::size_t bytes) {
  if (utf8.size() <= bytes) return utf8;
  const auto continues = [&utf8](std::size_t at) { return (static_cast<std::uint8_t>(utf8[at]) & 0xC0) == 0x80; };
  while (bytes > 0 && continues(bytes)) --bytes;
  return utf8.substr(0, bytes);
}

bool sameName(std::u16string_view one, std::u16string_view other) {
  return std::equal(one.begin(), one.end(), other.begin(), other.end(),
                    [](char16_t a, char16_t b) { return fold(a) == fold(b); });
}

}  // namespace sluice::text
