// Reads frames from bytes that arrive in pieces of any size.
#pragma once

#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "stomp/frame.h"

namespace sluice::stomp {

struct Limits {
  /** Bytes of one frame, from its command to the end of its body. */
  std::size_t maxFrame = 4U << 20U;
  std::size_t maxHeaders = 128;
};

/** The input is not STOMP, or too large. The parser cannot be used afterwards: the connection must be closed. */
class ParseError : public std::runtime_error {
 public:
  ParseError(std::string code, const std::string& text) : std::runtime_error(text), code(std::move(code)) {}

  /** One of command, header, escape, utf8, content-length, terminator, limit. */
  std::string code;
};

class Parser {
 public:
  explicit Parser(Limits limits = {}) : limits_(limits) {}

  void feed(std::string_view bytes);

  /** Returns the next whole frame, or nothing until more bytes are fed. Throws ParseError. */
  std::optional<Frame> next();

  /** Returns whether a frame has begun and is incomplete. */
  bool insideFrame() const { return state_ != State::between || position_ < buffer_.size(); }

 private:
  enum class State { between, headers, body, failed };

  std::optional<Frame> read();
  bool readCommand();
  bool readHeaders();
  bool readBody();
  bool takeLine(std::string_view& line);
  void addHeader(std::string_view line);
  void beginBody();
  void checkSize(std::size_t bytes) const;
  void compact();

  Limits limits_;
  std::string buffer_;
  std::size_t position_ = 0;  // earlier bytes have been used
  std::size_t scanned_ = 0;   // earlier bytes have been searched for the end of the current line or body
  State state_ = State::between;
  Frame frame_;
  std::size_t frameBytes_ = 0;  // of the current frame, before `position_`
  std::size_t headerLines_ = 0;
  std::optional<std::size_t> contentLength_;
};

}  // namespace sluice::stomp
