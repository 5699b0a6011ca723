#pragma once

#include "abi/platform.h"
#include "component/value.h"

namespace sluice::abi {

/** Converts a variant. A value that is not a boolean, number, text or bytes becomes empty. */
component::Value fromVariant(const Variant& variant);

/** Frees the contents of the variant and writes the value in memory of the platform. Returns false without memory. */
bool toVariant(const component::Value& value, const Platform& platform, Variant& variant);

}  // namespace sluice::abi
