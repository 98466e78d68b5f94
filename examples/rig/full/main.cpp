// SPDX-License-Identifier: Apache-2.0
#include "full/app.hpp"

int main(int argc, char** argv) { return rig::run_full(argc, argv); }
