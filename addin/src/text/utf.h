// UTF-8 of the protocol and UTF-16 of the platform. No function depends on a locale.
#pragma once

#include <string>
#include <string_view>

namespace sluice::text {

/** Returns whether the text is well-formed by RFC 3629: no overlong form, no surrogate, no value above U+10FFFF. */
bool isUtf8(std::string_view bytes);

/** Converts to UTF-16. Each maximal malformed part becomes one U+FFFD, as the Unicode Standard recommends (3.9). */
std::u16string toUtf16(std::string_view utf8);

/** Converts to UTF-8. A surrogate without its other half becomes U+FFFD. */
std::string toUtf8(std::u16string_view utf16);

/** Returns at most this many bytes of the beginning, cut between two characters. */
std::string_view beginningOf(std::string_view utf8, std::size_t bytes);

/** Compares without regard to the case of Latin and Russian letters, including Ё. */
bool sameName(std::u16string_view one, std::u16string_view other);

}  // namespace sluice::text
