// The object that the platform holds and calls. No exception leaves it.
#pragma once

#include "abi/component_tables.h"
#include "abi/platform.h"
#include "component/component.h"

namespace sluice::abi {

/**
 * The name of the class and of its extension. Code in 1C creates the object by the extension's name, as
 * `AddIn.Sluice.Client`; hosts other than 1C do so by the name of the class.
 */
inline constexpr char16_t kObjectName[] = u"Client";

struct Shell : ComponentObject {
  Shell();

  Platform platform;
  component::Component component;
};

}  // namespace sluice::abi
