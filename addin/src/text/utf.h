// UTF-8, as on the wire, and UTF-16, as in the platform. Nothing here depends on a locale.
#pragma once

#include <string>
#include <string_view>

namespace sluice::text {

/** Well-formed by RFC 3629: no overlong form, no surrogate, nothing past U+10FFFF. */
bool isUtf8(std::string_view bytes);

/** Each maximal malformed part becomes one U+FFFD, as the Unicode Standard recommends (chapter 3.9). */
std::u16string toUtf16(std::string_view utf8);

/** A surrogate without its other half becomes U+FFFD. */
std::string toUtf8(std::u16string_view utf16);

/** At most so many bytes from the beginning, cut between two characters. */
std::string_view beginningOf(std::string_view utf8, std::size_t bytes);

/** Equal but for the case of Latin and Russian letters, Ё included. */
bool sameName(std::u16string_view one, std::u16string_view other);

}  // namespace sluice::text
