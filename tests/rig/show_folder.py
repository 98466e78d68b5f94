# SPDX-License-Identifier: Apache-2.0
"""The files of a show, as a user, a script or an accident meets them. The document is read as JSON and nothing else."""

import json
import os
import shutil


class ShowFolder:
    def __init__(self, path):
        self.path = path
        self.document = os.path.join(path, "show.json")
        self.checkpoint = os.path.join(path, "checkpoint")
        self.generations = os.path.join(path, "generations")
        self.id = os.path.join(path, "id")

    # Reading

    def bytes(self):
        with open(self.document, "rb") as file:
            return file.read()

    def read(self):
        return json.loads(self.bytes())

    def header(self):
        return self.read()["relume"]

    def revision(self):
        return self.header()["revision"]

    def stack(self):
        """Pairs (layer, bypassed), bottom to top."""
        return tuple((layer["key"], layer["bypassed"]) for layer in self.read()["layers"])

    def value(self, route):
        """The persisted value, None where there is none."""
        key, control = route.split("/")
        layer = next(layer for layer in self.read()["layers"] if layer["key"] == key)
        return layer["values"].get(control)

    def patch(self):
        return self.read()["records"]["patch"]["json"]

    def documents_with(self, content):
        """Names of the files in the folder that are documents, under whatever name, and hold exactly these bytes."""
        found = []
        for name in os.listdir(self.path):
            if name.startswith("show.json"):
                with open(os.path.join(self.path, name), "rb") as file:
                    if file.read() == content:
                        found.append(name)
        return sorted(found)

    # Accidents

    def edit(self, change):
        """Edits the document by hand: `change` gets it as an object. An editor replaces the file; who edits says so in it."""
        document = self.read()
        change(document)
        document["relume"]["checksum"] = "none"
        self.replace(json.dumps(document, indent=2).encode())

    def edit_value(self, route, value):
        def change(document):
            key, control = route.split("/")
            next(layer for layer in document["layers"] if layer["key"] == key)["values"][control] = value

        self.edit(change)

    def replace(self, content):
        with open(self.document + ".new", "wb") as file:
            file.write(content)
        os.rename(self.document + ".new", self.document)

    def damage(self):
        """One letter of a text in the middle is another one: it is JSON still, but not what was written."""
        content = self.bytes()
        place = content.index(b"tubes")
        self.replace(content[:place] + b"tubas" + content[place + 5 :])

    def lose_checkpoint(self):
        shutil.rmtree(self.checkpoint)

    def lose_document(self):
        os.unlink(self.document)
