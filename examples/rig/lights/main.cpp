// SPDX-License-Identifier: Apache-2.0
#include "lights/app.hpp"

int main(int argc, char** argv) { return rig::run_lights(argc, argv, {}); }
