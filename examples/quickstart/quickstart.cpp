// SPDX-License-Identifier: Apache-2.0
// Declare two layers, set a value, compose a frame, die, come back with the same value:
//   relume-quickstart-cpp /tmp/quickstart.show die    sets wash/level and is killed in the middle of its work
//   relume-quickstart-cpp /tmp/quickstart.show        shows what the room sees next
#include <relume/relume.hpp>

#include <csignal>
#include <iostream>
#include <string>

int main(int argc, char** argv) try {
  if (argc < 2) {
    std::cerr << "usage: " << argv[0] << " FOLDER [die]\n";
    return 2;
  }
  relume::Schema schema;
  schema.type("fixture", {relume::Param("level", RELUME_FLOAT).range(0, 1),
                          relume::Param("color", RELUME_COLOR).range(0, 1).initial(relume::color(1, 1, 1))});
  schema.layer("wash", "fixture").layer("spot", "fixture");

  relume_show_options options = RELUME_SHOW_OPTIONS_INIT;
  options.folder = argv[1];
  relume::Show show(schema, options);
  relume::Reader reader = show.reader();
  const relume_param level = show.param("wash/level");

  if (argc > 2 && std::string(argv[2]) == "die") {
    const relume_outcome outcome = show.set(level, relume::scalar(0.75F));
    std::cout << "set wash/level to 0.75, revision " << outcome.revision << std::endl;
    std::raise(SIGKILL);
  }

  show.compose(1'000'000);
  const relume::Frame frame = reader.acquire();
  std::cout << "wash/level is " << frame.at(level)->f << " at revision " << frame->revision << '\n';
  return 0;
} catch (const relume::Error& error) {
  std::cerr << error.culprit() << ": " << error.what() << '\n';
  return 1;
}
