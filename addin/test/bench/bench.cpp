// Measures the component through the interface of the platform: bench <path of the library> [messages]
// Receives with acknowledgements, sends with receipts, and measures the processor time of an idle connection.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>

#include "host/object.h"
#include "server/mailbox_server.h"

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kBodySize = 8192;
constexpr int kIdleSeconds = 5;

double secondsSince(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

/** Returns the id in the JSON of an event, which is its first member. */
std::string idOf(const std::string& json) {
  constexpr std::size_t kBegin = sizeof "{\"id\":\"" - 1;
  return json.substr(kBegin, json.find('"', kBegin) - kBegin);
}

void connect(host::Object& object, const test::MailboxServer& server) {
  object.set(u"StateEvents", false);
  object.set(u"InlineLimit", 1 << 20);
  object.call(u"Subscribe");
  object.call(u"Connect", {server.address(), std::string("bench"), std::string("token"), std::string(), 10'000});
}

void receive(const host::Library& library, int messages) {
  test::MailboxServer server;
  host::Platform platform;
  host::Object object(library, platform);
  const std::string body(kBodySize, 'x');
  for (int i = 0; i < messages; ++i) server.put(body);
  const auto begin = Clock::now();
  connect(object, server);
  int received = 0;
  int disordered = 0;
  while (server.mailboxSize() > 0) {
    host::Event event;
    if (!platform.takeEvent(event)) {
      std::this_thread::sleep_for(std::chrono::microseconds(200));
      continue;
    }
    const std::string id = idOf(event.data);
    if (id != "m" + std::to_string(++received)) ++disordered;
    object.call(u"Acknowledge", {id});
  }
  const double seconds = secondsSince(begin);
  std::printf("received and acknowledged  %6.0f/s   (%d messages of 8 KB, %d lost, %d out of order)\n",
              received / seconds, received, messages - received, disordered);
}

void send(const host::Library& library, int messages) {
  test::MailboxServer server;
  host::Platform platform;
  host::Object object(library, platform);
  connect(object, server);
  const std::string body(kBodySize, 'x');
  const auto begin = Clock::now();
  for (int i = 0; i < messages; ++i) {
    while (!std::get<bool>(object.call(u"Send", {std::string("/events/bench"), body})))
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  while (std::get<std::int32_t>(object.get(u"UnconfirmedSends")) > 0)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  const double pipelined = messages / secondsSince(begin);
  const auto beginWaiting = Clock::now();
  const int waited = messages / 10;
  for (int i = 0; i < waited; ++i) object.call(u"Send", {std::string("/events/bench"), body, std::string(), 10'000});
  const double oneByOne = waited / secondsSince(beginWaiting);
  std::printf("sent with receipts         %6.0f/s   (%d messages of 8 KB; each waited for: %.0f/s)\n", pipelined,
              messages, oneByOne);
}

void idle(const host::Library& library) {
  test::TcpListener listener;
  host::Platform platform;
  host::Object object(library, platform);
  object.call(u"Connect", {"127.0.0.1:" + std::to_string(listener.port()), std::string("bench"), std::string("token")});
  std::optional<test::Tcp> visitor = listener.accept(5000);
  std::string greeting;
  while (greeting.find('\0') == std::string::npos) visitor->receive(greeting, 1000);
  static constexpr char kConnected[] = "CONNECTED\nversion:1.2\nheart-beat:10000,10000\n\n";
  visitor->send(std::string_view(kConnected, sizeof kConnected));  // with the NUL
  const std::clock_t begin = std::clock();
  std::this_thread::sleep_for(std::chrono::seconds(kIdleSeconds));
  const double used = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  std::printf("idle                       %6.3f %% of a processor\n", used / kIdleSeconds * 100);
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 2) {
    std::fprintf(stderr, "bench <path of the library> [messages]\n");
    return 2;
  }
  const host::Library library(arguments[1]);
  const int messages = count > 2 ? std::atoi(arguments[2]) : 20'000;
  receive(library, messages);
  send(library, messages);
  idle(library);
  return 0;
}
