// What the platform holds of a component, and what it calls. Nothing thrown leaves here.
#pragma once

#include "abi/component_tables.h"
#include "abi/platform.h"
#include "component/component.h"

namespace sluice::abi {

struct Shell : ComponentObject {
  Shell();

  Platform platform;
  component::Component component;
};

}  // namespace sluice::abi
