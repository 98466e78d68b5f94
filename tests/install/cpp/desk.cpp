// SPDX-License-Identifier: Apache-2.0
// A desk with one fader:  desk FOLDER move VALUE   moves it and dies;  desk FOLDER   says where it stands.
// FOLDER holds the show and its mirror.
#include <relume/relume.hpp>

#include <csignal>
#include <iostream>
#include <string>
#include <vector>

int main(int argc, char** argv) try {
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.size() != 1 && !(words.size() == 3 && words[1] == "move")) return 2;

  relume::Schema schema;
  schema.type("strip", {relume::Param("fader", RELUME_FLOAT).range(0, 100)}).layer("master", "strip");
  const std::string folder = words[0] + "/desk.show";
  relume_show_options options = RELUME_SHOW_OPTIONS_INIT;
  options.folder = folder.c_str();
  options.runtime_dir = words[0].c_str();
  relume::Show show(schema, options);
  const relume_param fader = show.param("master/fader");

  if (words.size() == 3) {
    show.set(fader, relume::scalar(std::stof(words[2])));
    std::raise(SIGKILL);
  }
  std::cout << show.get_value(fader).value.as.f[0] << " with relume " << relume_version() << '\n';
  show.close();
  return 0;
} catch (const relume::Error& error) {
  std::cerr << "desk: " << error.culprit() << ": " << error.what() << '\n';
  return 1;
}
