// Feeds damaged frames to the parser and damaged text to the conversions: fuzz <folder of the golden frames> <seconds>
// [seed] With 0 seconds a fixed number of rounds with a fixed seed, which is the same everywhere.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <random>

#include "stomp/parser.h"
#include "support/json.h"
#include "text/json.h"
#include "text/utf.h"

namespace {

using namespace sluice;

constexpr int kFixedRounds = 30'000;
constexpr std::size_t kMaxFrame = 4096;

[[noreturn]] void report(const char* what, const std::string& input) {
  std::printf("FAILED %s; the input in hexadecimal:\n", what);
  for (const char c : input) std::printf("%02x", static_cast<unsigned char>(c));
  std::printf("\n");
  std::exit(1);
}

std::vector<std::string> readSeeds(const std::string& folder) {
  std::vector<std::string> seeds;
  for (const char* file : {"framing", "headers", "bodies"}) {
    std::ifstream stream(folder + "/" + file + ".json", std::ios::binary);
    const std::string text((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
    for (const test::Json& golden : test::parseJson(text).items)
      seeds.push_back(test::fromBase64(golden["bytes"].text));
  }
  return seeds;
}

class Fuzzer {
 public:
  Fuzzer(std::vector<std::string> seeds, unsigned seed) : seeds_(std::move(seeds)), random_(seed) {}

  void round() {
    const std::string input = makeInput();
    checkParser(input);
    checkText(input);
  }

 private:
  std::size_t below(std::size_t end) {
    return end == 0 ? 0 : std::uniform_int_distribution<std::size_t>(0, end - 1)(random_);
  }

  std::string makeInput() {
    std::string input;
    for (std::size_t parts = 1 + below(3); parts > 0; --parts) input += seeds_[below(seeds_.size())];
    for (std::size_t changes = below(6); changes > 0 && !input.empty(); --changes) mutate(input);
    return input;
  }

  void mutate(std::string& input) {
    static constexpr std::string_view kTelling("\0\n\r:\\0A\xFF\xC0\xED\xF4\x80", 12);
    const std::size_t at = below(input.size());
    switch (below(5)) {
      case 0:
        input[at] = static_cast<char>(below(256));
        break;
      case 1:
        input[at] = kTelling[below(kTelling.size())];
        break;
      case 2:
        input.insert(at, 1, kTelling[below(kTelling.size())]);
        break;
      case 3:
        input.erase(at, 1 + below(8));
        break;
      default:
        input.insert(at, input.substr(below(input.size()), below(64)));
        break;
    }
  }

  /** Checks that the result does not depend on the pieces, and that serialized frames are parsed to the same frames. */
  void checkParser(const std::string& input) {
    const std::string whole = parse(input, input.size() + 1);
    if (parse(input, 1) != whole) report("bytes one by one are parsed differently", input);
    if (parse(input, 1 + below(16)) != whole) report("bytes in pieces are parsed differently", input);
  }

  std::string parse(const std::string& input, std::size_t piece) {
    stomp::Parser parser({kMaxFrame, 16});
    std::string seen;
    try {
      for (std::size_t at = 0; at < input.size(); at += piece) {
        parser.feed(std::string_view(input).substr(at, piece));
        while (std::optional<stomp::Frame> frame = parser.next()) {
          if (frame->body.size() > kMaxFrame) report("a frame above the limit", input);
          seen += describe(*frame) + "\n";
          checkWriting(*frame, input);
        }
      }
      seen += parser.insideFrame() ? "inside" : "between";
    } catch (const stomp::ParseError& error) {
      seen += error.code;
    }
    return seen;
  }

  static std::string describe(const stomp::Frame& frame) {
    std::string text = frame.command;
    for (const auto& [name, value] : frame.headers) {
      if (name != "content-length") text += '\x1E' + name + '\x1F' + value;
    }
    return text + '\x1D' + frame.body;
  }

  static void checkWriting(stomp::Frame frame, const std::string& input) {
    // CONNECT has no escapes, so some values cannot be serialized
    if (!stomp::isEscaped(frame.command)) return;
    stomp::Frame plain = frame;
    plain.headers.clear();
    for (auto& header : frame.headers) {
      if (header.first != "content-length") plain.headers.push_back(header);
    }
    stomp::Parser parser({kMaxFrame * 2, 32});
    parser.feed(stomp::serialize(plain));
    const std::optional<stomp::Frame> again = parser.next();
    if (!again || describe(*again) != describe(frame)) report("a serialized frame is parsed differently", input);
  }

  static void checkText(const std::string& input) {
    const std::string repaired = text::toUtf8(text::toUtf16(input));
    if (!text::isUtf8(repaired)) report("a conversion returns invalid UTF-8", input);
    if (text::isUtf8(input) && repaired != input) report("well-formed text is changed", input);
    if (text::toUtf8(text::toUtf16(repaired)) != repaired) report("a repaired text changes again", input);
    std::u16string units;
    for (std::size_t i = 0; i + 1 < input.size(); i += 2) {
      units.push_back(static_cast<char16_t>((static_cast<unsigned char>(input[i]) << 8) |
                                            static_cast<unsigned char>(input[i + 1])));
    }
    if (!text::isUtf8(text::toUtf8(units))) report("UTF-16 is converted to invalid UTF-8", input);
    const std::string json = text::JsonObject().text("key", repaired).str();
    if (test::parseJson(json)["key"].text != repaired) report("JSON is parsed differently", input);
  }

  std::vector<std::string> seeds_;
  std::mt19937 random_;
};

}  // namespace

int main(int count, char** arguments) {
  if (count < 3) {
    std::fprintf(stderr, "fuzz <folder of the golden frames> <seconds> [seed]\n");
    return 2;
  }
  const std::chrono::seconds time(std::atoi(arguments[2]));
  const unsigned seed = count > 3           ? static_cast<unsigned>(std::atoi(arguments[3]))
                        : time.count() == 0 ? 1U
                                            : std::random_device()();
  Fuzzer fuzzer(readSeeds(arguments[1]), seed);
  const auto end = std::chrono::steady_clock::now() + time;
  std::printf("seed %u\n", seed);
  std::fflush(stdout);
  long rounds = 0;
  for (; time.count() == 0 ? rounds < kFixedRounds : std::chrono::steady_clock::now() < end; ++rounds) fuzzer.round();
  std::printf("%ld rounds\n1 passed, 0 failed\n", rounds);
  return 0;
}
