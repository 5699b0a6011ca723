#include "support/json.h"

#include <cstdlib>
#include <stdexcept>

#include "text/utf.h"

namespace test {
namespace {

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  Json readAll() {
    Json json = read();
    skipSpace();
    if (at_ != text_.size()) refuse();
    return json;
  }

 private:
  [[noreturn]] void refuse() const {
    throw std::runtime_error("no JSON at " + std::to_string(at_) + ": " + std::string(text_.substr(0, 200)));
  }

  void skipSpace() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos) ++at_;
  }

  char next() {
    if (at_ >= text_.size()) refuse();
    return text_[at_++];
  }

  bool skip(char c) {
    skipSpace();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  void expect(char c) {
    if (!skip(c)) refuse();
  }

  bool skipWord(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }

  Json read() {
    Json json;
    skipSpace();
    if (skip('{')) {
      json.kind = Json::Kind::object;
      while (!skip('}')) {
        if (!json.members.empty()) expect(',');
        skipSpace();
        std::string key = readText();
        expect(':');
        json.members[std::move(key)] = read();
      }
    } else if (skip('[')) {
      json.kind = Json::Kind::array;
      while (!skip(']')) {
        if (!json.items.empty()) expect(',');
        json.items.push_back(read());
      }
    } else if (at_ < text_.size() && text_[at_] == '"') {
      json.kind = Json::Kind::text;
      json.text = readText();
    } else if (skipWord("true") || skipWord("false")) {
      json.kind = Json::Kind::boolean;
      json.flag = text_[at_ - 2] == 'u';
    } else if (!skipWord("null")) {
      json.kind = Json::Kind::number;
      const std::string rest(text_.substr(at_, 40));
      char* end = nullptr;
      json.number = std::strtod(rest.c_str(), &end);
      if (end == rest.c_str()) refuse();
      at_ += static_cast<std::size_t>(end - rest.c_str());
    }
    return json;
  }

  std::string readText() {
    expect('"');
    std::string out;
    for (char c = next(); c != '"'; c = next()) {
      if (static_cast<unsigned char>(c) < 0x20) refuse();
      if (c != '\\') {
        out.push_back(c);
        continue;
      }
      c = next();
      if (c == 'u') {
        std::u16string units(1, readUnit());
        if (units[0] >= 0xD800 && units[0] < 0xDC00 && skipWord("\\u")) units.push_back(readUnit());
        out += sluice::text::toUtf8(units);
      } else if (c == 'n' || c == 't' || c == 'r' || c == 'b' || c == 'f') {
        out.push_back(c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c == 'b' ? '\b' : '\f');
      } else {
        out.push_back(c);
      }
    }
    return out;
  }

  char16_t readUnit() {
    std::string digits;
    for (int i = 0; i < 4; ++i) digits.push_back(next());
    return static_cast<char16_t>(std::strtoul(digits.c_str(), nullptr, 16));
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

const Json& Json::operator[](const std::string& key) const {
  const auto member = members.find(key);
  if (member == members.end()) throw std::runtime_error("no member \"" + key + "\"");
  return member->second;
}

Json parseJson(std::string_view text) {
  return Reader(text).readAll();
}

std::string fromBase64(std::string_view text) {
  static constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  unsigned group = 0;
  int bits = 0;
  for (const char c : text) {
    const std::size_t digit = kAlphabet.find(c);
    if (digit == std::string_view::npos) break;
    group = (group << 6U) | static_cast<unsigned>(digit);
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    out.push_back(static_cast<char>((group >> static_cast<unsigned>(bits)) & 0xFFU));
  }
  return out;
}

}  // namespace test
