#include "text/json.h"

namespace sluice::text {
namespace {

void quote(std::string& out, std::string_view utf8) {
  static constexpr char kDigits[] = "0123456789abcdef";
  out.push_back('"');
  for (const char c : utf8) {
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (c == '\n') {
      out += "\\n";
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += "\\u00";
      out.push_back(kDigits[(c >> 4) & 0xF]);
      out.push_back(kDigits[c & 0xF]);
    } else {
      out.push_back(c);
    }
  }
  out.push_back('"');
}

}  // namespace

JsonObject& JsonObject::text(std::string_view name, std::string_view utf8) {
  key(name);
  quote(members_, utf8);
  return *this;
}

JsonObject& JsonObject::number(std::string_view name, std::uint64_t value) {
  key(name);
  members_ += std::to_string(value);
  return *this;
}

JsonObject& JsonObject::flag(std::string_view name, bool value) {
  key(name);
  members_ += value ? "true" : "false";
  return *this;
}

JsonObject& JsonObject::object(std::string_view name, const JsonObject& value) {
  key(name);
  members_ += value.str();
  return *this;
}

void JsonObject::key(std::string_view name) {
  if (!members_.empty()) members_.push_back(',');
  quote(members_, name);
  members_.push_back(':');
}

}  // namespace sluice::text
