// The golden frames, split at every position.
#include <algorithm>
#include <fstream>
#include <iterator>
#include <optional>

#include "stomp/parser.h"
#include "support/check.h"
#include "support/json.h"

namespace {

using namespace sluice::stomp;
using test::Json;

struct Outcome {
  std::vector<Frame> frames;
  std::string error;
  bool partial = false;
};

Outcome parse(const std::vector<std::string>& pieces, const Limits& limits) {
  Outcome outcome;
  Parser parser(limits);
  try {
    for (const std::string& piece : pieces) {
      parser.feed(piece);
      while (std::optional<Frame> frame = parser.next()) outcome.frames.push_back(std::move(*frame));
    }
    outcome.partial = parser.insideFrame();
  } catch (const ParseError& error) {
    outcome.error = error.code;
    parser.feed("SEND\n\n");
    parser.feed(std::string(1, '\0'));
    CHECK(!parser.next());
  }
  return outcome;
}

void compare(const Outcome& outcome, const Json& expected) {
  CHECK_EQUAL(outcome.error, expected.has("error") ? expected["error"].text : "");
  CHECK_EQUAL(outcome.frames.size(), expected["frames"].items.size());
  for (std::size_t i = 0; i < outcome.frames.size(); ++i) {
    const Json& frame = expected["frames"].items[i];
    CHECK_EQUAL(outcome.frames[i].command, frame["command"].text);
    CHECK_EQUAL(outcome.frames[i].body, test::fromBase64(frame["body"].text));
    CHECK_EQUAL(outcome.frames[i].headers.size(), frame["headers"].members.size());
    for (const auto& [name, value] : frame["headers"].members) {
      CHECK(outcome.frames[i].has(name));
      CHECK_EQUAL(outcome.frames[i].header(name), value.text);
    }
  }
  if (outcome.error.empty()) CHECK_EQUAL(outcome.partial, expected.has("partial"));
}

void checkCase(const Json& golden) {
  const std::string bytes = test::fromBase64(golden["bytes"].text);
  Limits limits;
  if (golden.has("limits") && golden["limits"].has("maxFrame"))
    limits.maxFrame = static_cast<std::size_t>(golden["limits"]["maxFrame"].number);
  if (golden.has("limits") && golden["limits"].has("maxHeaders"))
    limits.maxHeaders = static_cast<std::size_t>(golden["limits"]["maxHeaders"].number);
  compare(parse({bytes}, limits), golden);
  std::vector<std::string> single;
  for (const char c : bytes) single.emplace_back(1, c);
  compare(parse(single, limits), golden);
  for (std::size_t at = 1; at < bytes.size(); ++at)
    compare(parse({bytes.substr(0, at), bytes.substr(at)}, limits), golden);
}

}  // namespace

void addGoldenTests(const std::string& folder) {
  for (const char* file : {"framing", "headers", "bodies"}) {
    std::ifstream stream(folder + "/" + file + ".json", std::ios::binary);
    const std::string text((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
    for (const Json& golden : test::parseJson(text).items) {
      test::addTest(std::string(file) + ": " + golden["name"].text, [golden] { checkCase(golden); });
    }
  }
}
