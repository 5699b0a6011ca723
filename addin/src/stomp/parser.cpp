#include "stomp/parser.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "text/utf.h"

namespace sluice::stomp {
namespace {

constexpr std::size_t kCompactFrom = 64U << 10U;

[[noreturn]] void refuse(const char* code, const std::string& text) {
  throw ParseError(code, text);
}

std::string unescape(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      out.push_back(text[i]);
      continue;
    }
    const char next = ++i < text.size() ? text[i] : '\0';
    if (next == 'n') {
      out.push_back('\n');
    } else if (next == 'r') {
      out.push_back('\r');
    } else if (next == 'c') {
      out.push_back(':');
    } else if (next == '\\') {
      out.push_back('\\');
    } else {
      refuse("escape", "a header has an escape that STOMP 1.2 does not define");
    }
  }
  return out;
}

std::size_t parseLength(std::string_view text) {
  const bool digits =
      !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (!digits) refuse("content-length", "content-length is not a number of bytes");
  std::size_t length = 0;
  for (const char c : text) {
    const auto digit = static_cast<std::size_t>(c - '0');
    if (length > (std::numeric_limits<std::size_t>::max() - digit) / 10) return std::numeric_limits<std::size_t>::max();
    length = length * 10 + digit;
  }
  return length;
}

}  // namespace

void Parser::feed(std::string_view bytes) {
  buffer_.append(bytes);
}

std::optional<Frame> Parser::next() {
  if (state_ == State::failed) return std::nullopt;
  try {
    return read();
  } catch (const ParseError&) {
    state_ = State::failed;
    throw;
  }
}

std::optional<Frame> Parser::read() {
  if (state_ == State::between && !readCommand()) return compact(), std::nullopt;
  if (state_ == State::headers && !readHeaders()) return compact(), std::nullopt;
  if (!readBody()) return compact(), std::nullopt;
  state_ = State::between;
  frameBytes_ = 0;
  return std::exchange(frame_, Frame{});
}

/** Skips line ends between frames, which are heart-beats, and reads a command. Returns false if it is incomplete. */
bool Parser::readCommand() {
  for (;;) {
    // other protocols are rejected at their first bytes, because they may never send a line end
    for (; scanned_ < buffer_.size() && buffer_[scanned_] != '\n'; ++scanned_) {
      const char c = buffer_[scanned_];
      const bool endOfLine = c == '\r' && (scanned_ + 1 == buffer_.size() || buffer_[scanned_ + 1] == '\n');
      if (endOfLine && scanned_ + 1 == buffer_.size()) return false;
      if (!endOfLine && (c < 'A' || c > 'Z')) refuse("command", "the bytes are not a STOMP frame");
    }
    std::string_view line;
    checkSize(scanned_ - position_);
    if (!takeLine(line)) return false;
    if (line.empty()) {
      frameBytes_ = 0;
      continue;
    }
    frame_.command = line;
    headerLines_ = 0;
    contentLength_.reset();
    state_ = State::headers;
    return true;
  }
}

bool Parser::readHeaders() {
  std::string_view line;
  while (takeLine(line)) {
    if (line.empty()) return beginBody(), true;
    addHeader(line);
  }
  return false;
}

/** Takes a whole line, without its line end. */
bool Parser::takeLine(std::string_view& line) {
  const std::size_t end = buffer_.find('\n', scanned_);
  scanned_ = std::min(end, buffer_.size());
  checkSize(scanned_ - position_);
  if (end == std::string::npos) return false;
  line = std::string_view(buffer_).substr(position_, end - position_);
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  frameBytes_ += end + 1 - position_;
  position_ = scanned_ = end + 1;
  return true;
}

void Parser::addHeader(std::string_view line) {
  if (++headerLines_ > limits_.maxHeaders) refuse("limit", "a frame has too many headers");
  if (line.find_first_of(std::string_view("\r\0", 2)) != std::string_view::npos)
    refuse("header", "a header contains CR or NUL");
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0) refuse("header", "a header does not have the form name:value");
  if (!text::isUtf8(line)) refuse("utf8", "a header is not UTF-8");
  const auto decode = [this](std::string_view part) {
    return isEscaped(frame_.command) ? unescape(part) : std::string(part);
  };
  std::string name = decode(line.substr(0, colon));
  std::string value = decode(line.substr(colon + 1));
  if (!frame_.has(name)) frame_.headers.emplace_back(std::move(name), std::move(value));
}

void Parser::beginBody() {
  state_ = State::body;
  if (!frame_.has("content-length")) return;
  contentLength_ = parseLength(frame_.header("content-length"));
  checkSize(*contentLength_);
}

bool Parser::readBody() {
  const std::size_t end = contentLength_ ? position_ + *contentLength_ : buffer_.find('\0', scanned_);
  if (end >= buffer_.size()) {
    scanned_ = buffer_.size();
    if (!contentLength_) checkSize(buffer_.size() - position_);
    return false;
  }
  checkSize(end - position_);
  if (buffer_[end] != '\0') refuse("terminator", "a body is longer than its content-length");
  frame_.body.assign(buffer_, position_, end - position_);
  position_ = scanned_ = end + 1;
  return true;
}

void Parser::checkSize(std::size_t bytes) const {
  if (bytes > limits_.maxFrame || frameBytes_ + bytes > limits_.maxFrame) {
    refuse("limit", "a frame is larger than " + std::to_string(limits_.maxFrame) + " bytes");
  }
}

/** Frees the memory of used bytes; not after each frame, because moving the rest takes time. */
void Parser::compact() {
  if (position_ < buffer_.size() && position_ < kCompactFrom) return;
  buffer_.erase(0, position_);
  scanned_ -= position_;
  position_ = 0;
}

}  // namespace sluice::stomp
