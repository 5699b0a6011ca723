#include "session/inbox.h"
#include "stomp/parser.h"
#include "support/check.h"
#include "support/json.h"
#include "text/base64.h"
#include "text/json.h"
#include "text/utf.h"

using namespace sluice;

namespace {

std::string repaired(std::string_view bytes) {
  return text::toUtf8(text::toUtf16(bytes));
}

}  // namespace

TEST("well-formed text is unchanged by conversion in both directions") {
  for (const char* sample :
       {"", "abc", "Ёжик", "€", "🎄", "\xF4\x8F\xBF\xBF", "\xEF\xBF\xBF", "\xED\x9F\xBF", "\xEE\x80\x80"}) {
    CHECK(text::isUtf8(sample));
    CHECK_EQUAL(repaired(sample), sample);
  }
}

TEST("beginningOf ends with a whole character") {
  CHECK_EQUAL(text::beginningOf("Ёжик", 8), "Ёжик");
  CHECK_EQUAL(text::beginningOf("Ёжик", 5), "Ёж");
  CHECK_EQUAL(text::beginningOf("a🎄", 4), "a");
  CHECK_EQUAL(text::beginningOf("\x80\x80\x80", 1), "");
}

TEST("each maximal malformed part becomes one replacement character") {
  // the example of the Unicode Standard, table 3-8
  CHECK_EQUAL(repaired("a\xF1\x80\x80\xE1\x80\xC2"
                       "b\x80"
                       "c\x80\xBF"
                       "d"),
              "a\uFFFD\uFFFD\uFFFDb\uFFFDc\uFFFD\uFFFDd");
  for (const char* bad :
       {"\xC0\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xF5", "\xFF", "\xE0\x80\x80", "\xD0", "\xF0\x9F\x8E"}) {
    CHECK(!text::isUtf8(bad));
    CHECK(text::isUtf8(repaired(bad)));
  }
}

TEST("a surrogate without its other half becomes a replacement character") {
  CHECK_EQUAL(text::toUtf8(std::u16string{u'a', char16_t(0xD83C), u'b'}), "a\uFFFDb");
  CHECK_EQUAL(text::toUtf8(std::u16string{char16_t(0xDF84), char16_t(0xD83C)}), "\uFFFD\uFFFD");
  CHECK_EQUAL(text::toUtf8(std::u16string{char16_t(0xD83C), char16_t(0xDF84)}), "🎄");
}

TEST("names are compared without regard to the case of Latin and Russian letters") {
  CHECK(text::sameName(u"ПодКлючить", u"пОДкЛЮЧИТЬ"));
  CHECK(text::sameName(u"Ёж", u"ёЖ"));
  CHECK(text::sameName(u"Connect", u"CONNECT"));
  CHECK(!text::sameName(u"Ёж", u"Еж"));
  CHECK(!text::sameName(u"Ab", u"Abc"));
  CHECK(!text::sameName(u"[", u"{"));
}

TEST("base64 is padded") {
  CHECK_EQUAL(text::toBase64(""), "");
  CHECK_EQUAL(text::toBase64("f"), "Zg==");
  CHECK_EQUAL(text::toBase64("fo"), "Zm8=");
  CHECK_EQUAL(text::toBase64("foo"), "Zm9v");
  CHECK_EQUAL(text::toBase64(std::string("\0\xFF", 2)), "AP8=");
}

TEST("a serialized frame is parsed to the same frame") {
  const stomp::Frame frame{"SEND", {{"a:b", "c\r\nd\\"}, {"ё", ""}}, std::string("x\0y", 3)};
  stomp::Parser parser;
  parser.feed(stomp::serialize(frame));
  const std::optional<stomp::Frame> read = parser.next();
  CHECK(read.has_value());
  CHECK_EQUAL(read->header("a:b"), "c\r\nd\\");
  CHECK_EQUAL(read->header("content-length"), "3");
  CHECK_EQUAL(read->body, frame.body);
}

TEST("a token cannot inject a header into CONNECT") {
  stomp::Parser parser;
  parser.feed(stomp::serialize({"CONNECT", {{"passcode", "a\nhost:evil"}}, ""}));
  const std::optional<stomp::Frame> read = parser.next();
  CHECK_EQUAL(read->header("passcode"), "ahost:evil");
  CHECK(!read->has("host"));
}

TEST("at most ten thousand acknowledged ids are remembered") {
  session::Inbox inbox([] {});
  for (int i = 0; i <= 10'000; ++i) inbox.acknowledge(std::to_string(i));
  const auto offer = [&inbox](const char* id) {
    session::Delivery delivery;
    delivery.id = id;
    return inbox.offer(delivery, {"1", 0}).acknowledgeAgain;
  };
  CHECK(!offer("0"));
  CHECK(offer("1"));
  CHECK(offer("10000"));
}
