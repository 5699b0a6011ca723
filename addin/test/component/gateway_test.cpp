// Tests against the gateway at the port in SLUICE_TEST_GATEWAY (addin/scripts/gateway.mjs starts it).
#include <cstdlib>

#include "component/fixture.h"

using namespace test;

namespace {

constexpr int kMessages = 500;

void connect(Fixture& fixture) {
  const std::string address = std::string("127.0.0.1:") + std::getenv("SLUICE_TEST_GATEWAY");
  fixture.object->call(u"Подписаться");
  fixture.object->call(u"Подключить", {address, std::string("ivanov"), std::string("token"), std::string("desk-1")});
  WAIT_UNTIL(fixture.state() == "connected");
}

void events() {
  Fixture fixture;
  connect(fixture);
  for (int i = 1; i <= kMessages; ++i) {
    const host::Event event = fixture.nextEvent();
    const Json data = parseJson(event.data);
    CHECK_EQUAL(event.event, "call.incoming");
    CHECK_EQUAL(parseJson(data["data"].text)["number"].number, i);
    CHECK(fixture.acknowledge(data));
  }
  // this flow replies with the number of received acknowledgements
  const host::Value flow = std::string("/flows/acknowledged");
  WAIT_UNTIL(std::get<std::string>(fixture.object->call(u"Запросить", {flow, std::string("{}")})) ==
             std::to_string(kMessages));
}

void sends() {
  Fixture fixture;
  connect(fixture);
  const auto send = [&](const char* type) {
    return std::get<bool>(fixture.object->call(
        u"Отправить", {std::string("/events/") + type, std::string("{\"a\":1}"), std::string(), 10'000}));
  };
  CHECK(send("order.created"));
  CHECK(!send("refused"));
  CHECK(fixture.object->text(u"ПоследняяОшибка").find("not this type") != std::string::npos);
  CHECK(send("order.created"));
}

const bool added = [] {
  if (std::getenv("SLUICE_TEST_GATEWAY") == nullptr) return false;
  addTest("gateway: events arrive in order and are acknowledged, a flow replies", events);
  addTest("gateway: sent events are confirmed or refused", sends);
  return true;
}();

}  // namespace
