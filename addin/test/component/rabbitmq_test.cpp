// Tests against the STOMP plugin of RabbitMQ at the port in SLUICE_TEST_RABBITMQ.
#include <cstdlib>

#include "component/fixture.h"

using namespace test;

namespace {

void connect(Fixture& fixture) {
  fixture.object->set(u"ВиртуальныйХост", std::string("/"));
  const std::string address = std::string("127.0.0.1:") + std::getenv("SLUICE_TEST_RABBITMQ");
  fixture.object->call(u"Подключить", {address, std::string("guest"), std::string("guest")});
  WAIT_UNTIL(fixture.state() == "connected");
}

bool send(Fixture& fixture, const std::string& destination, const host::Value& body, const std::string& type = "") {
  return std::get<bool>(fixture.object->call(u"Отправить", {destination, body, type, 10'000}));
}

void ordered() {
  Fixture fixture;
  fixture.object->call(u"Подписаться", {std::string("/queue/sluice-ordered")});
  connect(fixture);
  for (int i = 0; i < 200; ++i) CHECK(send(fixture, "/queue/sluice-ordered", "событие " + std::to_string(i)));
  for (int i = 0; i < 200; ++i) {
    const Json event = fixture.nextData();
    CHECK_EQUAL(event["data"].text, "событие " + std::to_string(i));
    CHECK(fixture.acknowledge(event));
  }
}

void redelivered() {
  const std::string body("\0\xFF binary", 9);
  {
    Fixture fixture;
    fixture.object->call(u"Подписаться", {std::string("/queue/sluice-again")});
    connect(fixture);
    CHECK(send(fixture, "/queue/sluice-again", host::Binary{body}, "application/octet-stream"));
    CHECK(!fixture.nextData()["redelivered"].flag);
  }
  Fixture fixture;
  fixture.object->call(u"Подписаться", {std::string("/queue/sluice-again")});
  connect(fixture);
  const Json event = fixture.nextData();
  CHECK(event["redelivered"].flag);
  CHECK_EQUAL(fromBase64(event["dataBase64"].text), body);
  CHECK(fixture.acknowledge(event));
}

void answered() {
  Fixture service;
  service.object->call(u"Подписаться", {std::string("/queue/sluice-service")});
  connect(service);
  Fixture client;
  client.object->set(u"АдресОтветов", std::string("/temp-queue/answers"));
  connect(client);
  CHECK(throwsWith("no answer", [&] {
    client.object->call(u"Запросить", {std::string("/queue/sluice-service"), std::string("q"), 200});
  }));
  const Json question = service.nextData();
  CHECK_EQUAL(question["data"].text, "q");
  CHECK(question["headers"]["reply-to"].text.find("/reply-queue/") == 0);
  CHECK(!question["headers"]["correlation-id"].text.empty());
}

void refused() {
  Fixture fixture;
  fixture.object->set(u"ВиртуальныйХост", std::string("/"));
  const std::string address = std::string("127.0.0.1:") + std::getenv("SLUICE_TEST_RABBITMQ");
  fixture.object->call(u"Подключить", {address, std::string("guest"), std::string("wrong")});
  WAIT_UNTIL(fixture.state() == "refused");
}

const bool added = [] {
  if (std::getenv("SLUICE_TEST_RABBITMQ") == nullptr) return false;
  addTest("RabbitMQ: sent messages are confirmed and arrive in order", ordered);
  addTest("RabbitMQ: unacknowledged messages arrive again, with the same bytes", redelivered);
  addTest("RabbitMQ: a request receives its reply", answered);
  addTest("RabbitMQ: a wrong password is refused", refused);
  return true;
}();

}  // namespace
