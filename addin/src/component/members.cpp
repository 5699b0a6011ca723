#include "component/members.h"

#include "text/utf.h"
#include "version.h"

namespace sluice::component {
namespace {

using net::Milliseconds;
using session::ClientState;
using session::Inbox;
using session::OverflowPolicy;

constexpr Parameter required() {
  return {};
}
constexpr Parameter optional(const char* text) {
  return {Parameter::Default::text, text, 0};
}
constexpr Parameter optional(std::int32_t number) {
  return {Parameter::Default::number, "", number};
}

/** Counts of milliseconds, bytes and events: small enough for the platform to pass them as they are. */
Value count(std::uint64_t value) {
  return static_cast<std::int32_t>(std::min<std::uint64_t>(value, 0x7FFFFFFF));
}

std::size_t positive(const Value& value, const char* name) {
  const std::int64_t number = asCount(value, name);
  if (number == 0) throw CallError(std::string(name) + " must be more than 0");
  return static_cast<std::size_t>(number);
}

const char* nameOf(OverflowPolicy policy) {
  if (policy == OverflowPolicy::dropOldest) return "dropOldest";
  return policy == OverflowPolicy::dropNewest ? "dropNewest" : "wait";
}

void setPolicy(Component& component, const Value& value) {
  Inbox::Limits limits = component.client().inbox.limits();
  const std::string name = asText(value, "OverflowPolicy");
  for (const OverflowPolicy policy : {OverflowPolicy::wait, OverflowPolicy::dropOldest, OverflowPolicy::dropNewest}) {
    if (name != nameOf(policy)) continue;
    limits.policy = policy;
    return component.client().inbox.setLimits(limits);
  }
  throw CallError("OverflowPolicy must be \"wait\", \"dropOldest\" or \"dropNewest\"");
}

void setMode(Component& component, const Value& value) {
  const std::string name = asText(value, "Mode");
  if (name != "push" && name != "pull") throw CallError("Mode must be \"push\" or \"pull\"");
  component.setMode(name == "push" ? Mode::push : Mode::pull);
}

void setQueueLimit(Component& component, const Value& value) {
  Inbox::Limits limits = component.client().inbox.limits();
  limits.events = positive(value, "QueueLimit");
  component.client().inbox.setLimits(limits);
}

void setLogFile(Component& component, const Value& value) {
  const std::string path = asText(value, "LogFile");
  if (!component.client().log.useFile(path))
    throw CallError("the log file \"" + path + "\" cannot be opened for writing");
}

template <typename Change>
void changeDispatch(Component& component, Change change) {
  DispatchSettings settings = component.dispatch();
  change(settings);
  component.setDispatch(settings);
}

// clang-format off
constexpr Property kProperties[] = {
    {u"Version", u"Версия", [](const Component&) -> Value { return std::string(kVersion); }, nullptr},
    {u"State", u"Состояние", [](const Component& c) -> Value { return std::string(session::nameOf(c.client().state())); }, nullptr},
    {u"Connected", u"Подключено", [](const Component& c) -> Value { return c.client().state() == ClientState::connected; }, nullptr},
    {u"LastError", u"ПоследняяОшибка", [](const Component& c) -> Value { return c.client().lastError(); }, nullptr},
    {u"Statistics", u"Статистика", [](const Component& c) -> Value { return c.statistics(); }, nullptr},
    {u"UnconfirmedSends", u"НеподтвержденныеОтправки",
     [](const Component& c) -> Value { return count(c.client().outbox.unconfirmed()); }, nullptr},
    {u"Log", u"Журнал", [](const Component& c) -> Value { return c.client().log.text(); }, nullptr},
    {u"LogFile", u"ФайлЖурнала", [](const Component& c) -> Value { return c.client().log.file(); }, setLogFile},
    {u"Mode", u"Режим",
     [](const Component& c) -> Value { return std::string(c.mode() == Mode::push ? "push" : "pull"); }, setMode},
    {u"AutoAcknowledge", u"АвтоПодтверждение", [](const Component& c) -> Value { return c.dispatch().autoAcknowledge; },
     [](Component& c, const Value& value) {
       changeDispatch(c, [&](DispatchSettings& settings) { settings.autoAcknowledge = asFlag(value, "AutoAcknowledge"); });
     }},
    {u"EventSource", u"ИсточникСобытий", [](const Component& c) -> Value { return c.dispatch().source; },
     [](Component& c, const Value& value) {
       changeDispatch(c, [&](DispatchSettings& settings) { settings.source = asText(value, "EventSource"); });
     }},
    {u"InlineLimit", u"ПределДанныхСобытия", [](const Component& c) -> Value { return count(c.dispatch().inlineLimit); },
     [](Component& c, const Value& value) {
       changeDispatch(c, [&](DispatchSettings& settings) { settings.inlineLimit = positive(value, "InlineLimit"); });
     }},
    {u"EventBufferDepth", u"ГлубинаБуфераСобытий",
     [](const Component& c) -> Value { return count(static_cast<std::uint64_t>(c.eventBufferDepth())); },
     [](Component& c, const Value& value) { c.setEventBufferDepth(asCount(value, "EventBufferDepth")); }},
    {u"QueueLimit", u"ПределОчереди", [](const Component& c) -> Value { return count(c.client().inbox.limits().events); }, setQueueLimit},
    {u"OverflowPolicy", u"ПриПереполнении",
     [](const Component& c) -> Value { return std::string(nameOf(c.client().inbox.limits().policy)); }, setPolicy},
    {u"StateEvents", u"СобытияСостояния", [](const Component& c) -> Value { return c.announcesStates(); },
     [](Component& c, const Value& value) { c.setAnnouncesStates(asFlag(value, "StateEvents")); }},
    {u"VirtualHost", u"ВиртуальныйХост", [](const Component& c) -> Value { return c.options().virtualHost; },
     [](Component& c, const Value& value) { c.options().virtualHost = asText(value, "VirtualHost"); }},
    {u"ReplyTo", u"АдресОтветов", [](const Component& c) -> Value { return c.replyTo(); },
     [](Component& c, const Value& value) { c.setReplyTo(asText(value, "ReplyTo")); }},
    {u"HeartbeatInterval", u"ИнтервалПроверкиСвязи",
     [](const Component& c) -> Value { return count(static_cast<std::uint64_t>(c.options().heartbeat.count())); },
     [](Component& c, const Value& value) { c.options().heartbeat = Milliseconds(asCount(value, "HeartbeatInterval")); }},
    {u"ConnectTimeout", u"ТаймаутПодключения",
     [](const Component& c) -> Value { return count(static_cast<std::uint64_t>(c.options().connectTimeout.count())); },
     [](Component& c, const Value& value) { c.options().connectTimeout = Milliseconds(positive(value, "ConnectTimeout")); }},
    {u"ReconnectDelay", u"ПаузаПереподключения",
     [](const Component& c) -> Value { return count(static_cast<std::uint64_t>(c.options().reconnectDelay.count())); },
     [](Component& c, const Value& value) { c.options().reconnectDelay = Milliseconds(positive(value, "ReconnectDelay")); }},
    {u"MaxFrame", u"ПределКадра", [](const Component& c) -> Value { return count(c.options().maxFrame); },
     [](Component& c, const Value& value) { c.options().maxFrame = positive(value, "MaxFrame"); }},
    {u"VerifyCertificate", u"ПроверятьСертификат", [](const Component& c) -> Value { return c.options().tls.verify; },
     [](Component& c, const Value& value) { c.options().tls.verify = asFlag(value, "VerifyCertificate"); }},
    {u"CertificateAuthorities", u"ФайлУдостоверяющихЦентров", [](const Component& c) -> Value { return c.options().tls.authorities; },
     [](Component& c, const Value& value) { c.options().tls.authorities = asText(value, "CertificateAuthorities"); }},
};

constexpr Method kMethods[] = {
    // address, user, token, client id, time to wait
    {u"Connect", u"Подключить", 5, true,
     [](Component& c, const Arguments& a) -> Value { return c.connect(a); },
     {required(), required(), required(), optional(""), optional(0)}},
    // time for what waits to be sent
    {u"Disconnect", u"Отключить", 1, false,
     [](Component& c, const Arguments& a) -> Value { return c.disconnect(Milliseconds(a.count(0))), Value(); },
     {optional(2000)}},
    {u"SetToken", u"УстановитьТокен", 1, false,
     [](Component& c, const Arguments& a) -> Value { return c.client().setToken(a.text(0)), Value(); },
     {required()}},
    {u"Subscribe", u"Подписаться", 1, false,
     [](Component& c, const Arguments& a) -> Value { return c.client().subscribe(a.text(0)), Value(); },
     {optional("/user/events")}},
    {u"Unsubscribe", u"Отписаться", 1, false,
     [](Component& c, const Arguments& a) -> Value { return c.client().unsubscribe(a.text(0)), Value(); },
     {optional("/user/events")}},
    // time to wait
    {u"ReceiveEvent", u"ПолучитьСобытие", 1, true,
     [](Component& c, const Arguments& a) -> Value { return c.receiveEvent(Milliseconds(a.count(0))); },
     {optional(0)}},
    {u"Acknowledge", u"Подтвердить", 1, true,
     [](Component& c, const Arguments& a) -> Value { return c.acknowledge(a.text(0)); },
     {required()}},
    // id, reason
    {u"Reject", u"Отклонить", 2, true,
     [](Component& c, const Arguments& a) -> Value { return c.reject(a.text(0), a.text(1)); },
     {required(), optional("")}},
    // id, offset, length
    {u"EventData", u"ДанныеСобытия", 3, true,
     [](Component& c, const Arguments& a) -> Value {
       return c.eventData(a.text(0), static_cast<std::size_t>(a.count(1)), static_cast<std::size_t>(a.count(2)));
     },
     {required(), optional(0), optional(0)}},
    {u"EventBytes", u"ДвоичныеДанныеСобытия", 1, true,
     [](Component& c, const Arguments& a) -> Value { return Bytes{c.eventBytes(a.text(0))}; },
     {required()}},
    // destination, data, content type, time to wait for the confirmation, headers
    {u"Send", u"Отправить", 5, true,
     [](Component& c, const Arguments& a) -> Value { return c.send(a); },
     {required(), required(), optional(""), optional(0), optional("")}},
    // destination, data, time to wait, content type
    {u"Request", u"Запросить", 4, true,
     [](Component& c, const Arguments& a) -> Value { return c.request(a); },
     {required(), required(), optional(10'000), optional("")}},
};
// clang-format on

}  // namespace

template <typename Entry>
long Table<Entry>::find(std::u16string_view name) const {
  for (std::size_t i = 0; i < size; ++i) {
    if (text::sameName(name, entries[i].english) || text::sameName(name, entries[i].russian))
      return static_cast<long>(i);
  }
  return -1;
}

template struct Table<Property>;
template struct Table<Method>;

Table<Property> properties() {
  return {kProperties, std::size(kProperties)};
}
Table<Method> methods() {
  return {kMethods, std::size(kMethods)};
}

const Parameter* optionalParameter(const Method& method, long index) {
  if (index < 0 || static_cast<std::size_t>(index) >= method.parameterCount) return nullptr;
  const Parameter& parameter = method.parameters[index];
  return parameter.kind == Parameter::Default::none ? nullptr : &parameter;
}

Value defaultOf(const Parameter& parameter) {
  if (parameter.kind == Parameter::Default::number) return parameter.number;
  return std::string(parameter.text);
}

}  // namespace sluice::component
