#pragma once

#include "abi/platform.h"
#include "component/value.h"

namespace sluice::abi {

/** Everything that is no boolean, number, text or bytes becomes an empty value. */
component::Value fromVariant(const Variant& variant);

/** Frees what the variant holds and writes the value, in the platform's memory. False: there was no memory. */
bool toVariant(const component::Value& value, const Platform& platform, Variant& variant);

}  // namespace sluice::abi
