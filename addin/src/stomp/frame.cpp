#include "stomp/frame.h"

#include <algorithm>

namespace sluice::stomp {
namespace {

void appendEscaped(std::string& out, std::string_view text) {
  for (const char c : text) {
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == ':') {
      out += "\\c";
    } else {
      out.push_back(c);
    }
  }
}

/** Removes line ends, so that a value cannot inject another header. */
void appendPlain(std::string& out, std::string_view text) {
  std::copy_if(text.begin(), text.end(), std::back_inserter(out), [](char c) { return c != '\n' && c != '\r'; });
}

void appendHeader(std::string& out, bool escaped, std::string_view name, std::string_view value) {
  const auto append = escaped ? appendEscaped : appendPlain;
  append(out, name);
  out.push_back(':');
  append(out, value);
  out.push_back('\n');
}

auto find(const Frame& frame, std::string_view name) {
  return std::find_if(frame.headers.begin(), frame.headers.end(),
                      [name](const auto& header) { return header.first == name; });
}

}  // namespace

std::string_view Frame::header(std::string_view name) const {
  const auto found = find(*this, name);
  return found == headers.end() ? std::string_view() : std::string_view(found->second);
}

bool Frame::has(std::string_view name) const {
  return find(*this, name) != headers.end();
}

bool isEscaped(std::string_view command) {
  return command != "CONNECT" && command != "CONNECTED";
}

std::string serialize(const Frame& frame) {
  std::string out = frame.command;
  out.reserve(frame.body.size() + 256);
  out.push_back('\n');
  const bool escaped = isEscaped(frame.command);
  for (const auto& [name, value] : frame.headers) appendHeader(out, escaped, name, value);
  if (!frame.body.empty()) appendHeader(out, escaped, "content-length", std::to_string(frame.body.size()));
  out.push_back('\n');
  out += frame.body;
  out.push_back('\0');
  return out;
}

}  // namespace sluice::stomp
