// SPDX-License-Identifier: Apache-2.0
#include "video/app.hpp"

int main(int argc, char** argv) { return rig::run_video(argc, argv); }
