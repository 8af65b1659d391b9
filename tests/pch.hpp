#pragma once
// The precompiled header of all test programs: what the sources have, and GoogleMock, which costs
// as much again.

#include <gmock/gmock.h>

#include "../src/pch.hpp"
