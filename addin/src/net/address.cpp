#include "net/address.h"

#include <algorithm>
#include <stdexcept>

namespace sluice::net {
namespace {

constexpr std::uint16_t kPlainPort = 61613;
constexpr std::uint16_t kTlsPort = 61614;

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

bool startsWith(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

[[noreturn]] void refuse(std::string_view text, const char* why) {
  throw std::invalid_argument("address \"" + std::string(text) + "\": " + why +
                              "; write stomp://host:61613 or stomps://host:61614");
}

std::uint16_t parsePort(std::string_view text, std::string_view whole) {
  const bool digits = !text.empty() && text.size() <= 5 &&
                      std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  const int port = digits ? std::stoi(std::string(text)) : 0;
  if (port < 1 || port > 65535) refuse(whole, "the port is not a number from 1 to 65535");
  return static_cast<std::uint16_t>(port);
}

Address parseAddress(std::string_view whole) {
  std::string_view rest = whole;
  Address address;
  if (startsWith(rest, "stomps://") || startsWith(rest, "stomp://")) {
    address.tls = rest[5] == 's';
    rest.remove_prefix(rest.find("//") + 2);
  } else if (rest.find("://") != std::string_view::npos) {
    refuse(whole, "the scheme is neither stomp nor stomps");
  }
  if (!rest.empty() && rest.back() == '/') rest.remove_suffix(1);
  std::size_t hostEnd = rest.find(':');
  if (startsWith(rest, "[")) {
    const std::size_t bracket = rest.find(']');
    if (bracket == std::string_view::npos) refuse(whole, "the bracket is not closed");
    address.host = rest.substr(1, bracket - 1);
    hostEnd = bracket + 1 < rest.size() ? bracket + 1 : std::string_view::npos;
    if (hostEnd != std::string_view::npos && rest[hostEnd] != ':')
      refuse(whole, "a port must follow the bracket");
  } else {
    address.host = rest.substr(0, hostEnd);
  }
  if (address.host.empty() || address.host.find_first_of(" /@?#") != std::string::npos)
    refuse(whole, "there is no host name");
  address.port = hostEnd != std::string_view::npos ? parsePort(rest.substr(hostEnd + 1), whole)
                 : address.tls                     ? kTlsPort
                                                   : kPlainPort;
  return address;
}

}  // namespace

std::string Address::str() const {
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::vector<Address> parseAddresses(std::string_view text) {
  std::vector<Address> addresses;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    addresses.push_back(parseAddress(trim(text.substr(begin, end - begin))));
    begin = end + 1;
  }
  return addresses;
}

}  // namespace sluice::net
