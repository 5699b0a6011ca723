// The boundary with the platform: exports, names, parameters, types, memory.
#include "component/fixture.h"
#include "text/utf.h"

using namespace test;

namespace {

std::string utf8(const std::u16string& text) {
  return sluice::text::toUtf8(text);
}

constexpr std::uint16_t kAllTypes[] = {0,  1,  2,  3,  4,  5,  6,  7,  10,    11,     12,     13,    14,
                                       15, 16, 17, 18, 19, 20, 21, 24, 0xFFF, 0x1000, 0x4000, 0xFFFF};

}  // namespace

TEST("the exports return the values that the platform expects") {
  CHECK_EQUAL(utf8(library().getClassNames()), "Client");
  CHECK_EQUAL(library().setPlatformCapabilities(3), 3);
  CHECK_EQUAL(library().getAttachType(), 3);
  void* object = nullptr;
  CHECK_EQUAL(library().getClassObject(u"Client", &object), 1L);
  CHECK(object != nullptr);
  CHECK_EQUAL(library().destroyObject(&object), 0L);
  CHECK(object == nullptr);
  CHECK_EQUAL(library().destroyObject(&object), -1L);
  CHECK_EQUAL(library().getClassObject(u"Nobody", &object), 0L);
  CHECK(object == nullptr);
}

TEST("an object returns its version of the technology and its name") {
  Fixture fixture;
  CHECK_EQUAL(fixture.object->info(), 2000L);
  CHECK(!fixture.object->text(u"Version").empty());
}

TEST("the class and its extension have the name for AddIn.Sluice.Client") {
  host::Platform platform;
  host::Object object(library(), platform, u"Client");
  CHECK_EQUAL(utf8(object.extensionName()), utf8(library().getClassNames()));
  CHECK(throwsWith("the type AddIn.Sluice.SluiceClient is not defined",
                   [&] { host::Object(library(), platform, u"SluiceClient"); }));
}

TEST("every member is found by both names, in any case") {
  Fixture fixture;
  host::Object& object = *fixture.object;
  const auto upper = [](std::u16string name) {
    for (char16_t& letter : name) {
      if (letter >= u'a' && letter <= u'z') letter = static_cast<char16_t>(letter - 0x20);
      if (letter >= u'а' && letter <= u'я') letter = static_cast<char16_t>(letter - 0x20);
      if (letter == u'ё') letter = u'Ё';
    }
    return name;
  };
  for (long alias : {0L, 1L}) {
    for (long i = 0; i < object.countMethods(); ++i) {
      CHECK_EQUAL(object.findMethod(object.methodName(i, alias)), i);
      CHECK_EQUAL(object.findMethod(upper(object.methodName(i, alias))), i);
    }
    for (long i = 0; i < object.countProperties(); ++i) {
      CHECK_EQUAL(object.findProperty(object.propertyName(i, alias)), i);
      CHECK_EQUAL(object.findProperty(upper(object.propertyName(i, alias))), i);
    }
  }
  CHECK_EQUAL(object.findMethod(u"подкЛЮЧИТЬ"), object.findMethod(u"Connect"));
  CHECK_EQUAL(object.findMethod(u"НетТакого"), -1L);
  CHECK_EQUAL(object.findProperty(u""), -1L);
  CHECK_EQUAL(utf8(object.methodName(1000, 0)), "");
}

TEST("invalid indexes have no effect") {
  Fixture fixture;
  host::Object& object = *fixture.object;
  host::RawVariant value;
  for (const long index : {-1L, 1000L}) {
    CHECK(!object.getProperty(index, value));
    CHECK(!object.setProperty(index, value));
    CHECK(!object.isReadable(index));
    CHECK(!object.isWritable(index));
    CHECK(!object.returnsValue(index));
    CHECK(!object.defaultValue(index, 0, value));
    CHECK(!object.callFunction(index, &value, nullptr, 0));
    CHECK(!object.callProcedure(index, nullptr, 0));
    CHECK_EQUAL(object.countParameters(index), 0L);
  }
}

TEST("a value of a wrong type causes an exception with a text, for every type of the platform") {
  Fixture fixture;
  host::Object& object = *fixture.object;
  const long acknowledge = object.findMethod(u"Подтвердить");
  for (const std::uint16_t kind : kAllTypes) {
    host::RawVariant argument;
    argument.setType(kind);
    host::RawVariant result;
    const bool accepted = object.callFunction(acknowledge, &result, &argument, 1);
    const std::vector<std::string> errors = fixture.platform.takeErrors();
    CHECK(accepted == errors.empty());
    if (!accepted) CHECK_EQUAL(errors.front(), "parameter 1 must be a string");
  }
  CHECK(throwsWith("parameter 1 must be a number", [&] { object.call(u"ПолучитьСобытие", {std::string("soon")}); }));
  CHECK(throwsWith("parameter 1 must be a number", [&] { object.call(u"Отключить", {-1}); }));
  CHECK(throwsWith("parameter 2 must be a string or binary data", [&] {
    object.call(u"Отправить", {std::string("/a"), 5.5});
  }));
  CHECK(throwsWith("EventBufferDepth must be from 1", [&] { object.set(u"ГлубинаБуфераСобытий", 0); }));
  CHECK(throwsWith("AutoAcknowledge must be a boolean", [&] { object.set(u"АвтоПодтверждение", std::string("yes")); }));
}

TEST("missing arguments cause an exception, not a crash") {
  Fixture fixture;
  host::Object& object = *fixture.object;
  for (long method = 0; method < object.countMethods(); ++method) {
    host::RawVariant result;
    object.callFunction(method, &result, nullptr, 0);
    object.takeVariant(result);
    object.callProcedure(method, nullptr, 0);
  }
  CHECK(!fixture.platform.takeErrors().empty());
}

TEST("numbers are accepted as integers, reals and strings") {
  Fixture fixture;
  host::Object& object = *fixture.object;
  for (const host::Value& value : {host::Value(250), host::Value(250.0), host::Value(std::string("250"))}) {
    object.set(u"ПределОчереди", 1);
    object.set(u"ПределОчереди", value);
    CHECK_EQUAL(std::get<std::int32_t>(object.get(u"QueueLimit")), 250);
  }
}

TEST("a result frees the earlier contents of its variant") {
  Fixture fixture;
  host::Object& object = *fixture.object;
  host::RawVariant value = object.makeVariant(std::string("held before"));
  CHECK(object.getProperty(object.findProperty(u"Version"), value));
  CHECK(std::get<std::string>(object.takeVariant(value)).find("held") == std::string::npos);
  // the fixture checks that no memory is leaked
}

TEST("without memory a call fails and leaks nothing") {
  Fixture fixture;
  host::Object& object = *fixture.object;
  host::RawVariant value;
  fixture.platform.limitAllocations(0);
  CHECK(!object.getProperty(object.findProperty(u"Version"), value));
  CHECK_EQUAL(utf8(object.methodName(0, 0)), "");
  fixture.platform.limitAllocations(-1);
  CHECK(object.getProperty(object.findProperty(u"Version"), value));
  object.takeVariant(value);
}

TEST("an invalid address causes an exception with a cure") {
  Fixture fixture;
  const auto connectTo = [&](const char* address) {
    fixture.object->call(u"Подключить", {std::string(address), std::string("u"), std::string("t")});
  };
  CHECK(throwsWith("the scheme is neither", [&] { connectTo("http://host"); }));
  CHECK(throwsWith("not a number from 1 to 65535", [&] { connectTo("host:0"); }));
  CHECK(throwsWith("there is no host name", [&] { connectTo(""); }));
  CHECK(throwsWith("there is no host name", [&] { connectTo("one,"); }));
  CHECK(throwsWith("the bracket is not closed", [&] { connectTo("[::1"); }));
}

TEST("on the server of 1C events are fetched, and the mode push is rejected") {
  Fixture fixture(3);
  CHECK_EQUAL(fixture.object->text(u"Режим"), "pull");
  CHECK(throwsWith("cannot be handled on the server", [&] { fixture.object->set(u"Режим", std::string("push")); }));
}

TEST("an old platform without capabilities is not called through a missing slot") {
  Fixture fixture;
  library().setPlatformCapabilities(-1);
  host::Platform old(3);
  // Init of this object requests no interface, because an old platform has no slot for that
  void* object = nullptr;
  CHECK_EQUAL(library().getClassObject(u"Client", &object), 1L);
  CHECK((host::callMethod<bool, void*>(object, 0, 1, old.memoryManager())));
  CHECK((host::callMethod<bool, void*>(object, 0, 0, old.connection())));
  host::callMethod<void>(object, 0, 3);
  CHECK_EQUAL(library().destroyObject(&object), 0L);
  library().setPlatformCapabilities(3);
}

TEST("Done without Init, Done twice and DestroyObject without Done are harmless") {
  void* object = nullptr;
  CHECK_EQUAL(library().getClassObject(u"Client", &object), 1L);
  host::callMethod<void>(object, 0, 3);
  host::callMethod<void>(object, 0, 3);
  CHECK_EQUAL(library().destroyObject(&object), 0L);
  CHECK_EQUAL(library().getClassObject(u"Client", &object), 1L);
  CHECK_EQUAL(library().destroyObject(&object), 0L);
}
