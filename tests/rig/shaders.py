# SPDX-License-Identifier: Apache-2.0
"""Shader packages for tests: pictures that can be computed in the head."""

import json
import os


def param(key, kind, **fields):
    return {"key": key, "type": kind, **fields}


GLIDE = {"smoothing_ms": 100, "settle_ms": 500}

# Name: parameters and body.
PLAIN = ([param("tint", "color", default=[1, 1, 1, 1], **GLIDE)],
         "vec4 layer(vec2 uv) { return u_tint; }")
HALF = ([param("split", "float", range=[0, 1], default=0.5, **GLIDE)],
        "vec4 layer(vec2 uv) { return vec4(0.0, 1.0, 0.0, uv.x < u_split ? 1.0 : 0.0); }")
SWAP = ([param("amount", "float", range=[0, 1], default=1.0, **GLIDE)],
        "vec4 layer(vec2 uv) { return vec4(mix(below(), below().bgr, u_amount), 1.0); }")
SWEEP = ([param("speed", "float", range=[0, 4], default=0.25), param("kind", "enum", labels=["bars", "rings"])],
         "vec4 layer(vec2 uv) {\n"
         "  float where = u_kind == 0 ? uv.x : length(uv - 0.5);\n"
         "  return vec4(vec3(fract(where * 4.0 + turns(u_speed))), 1.0);\n"
         "}")


class ShaderFolder:
    def __init__(self, path, **packages):
        self.path = path
        os.makedirs(path, exist_ok=True)
        for name, (params, body) in (packages or {"plain": PLAIN, "half": HALF, "swap": SWAP}).items():
            self.declare(name, params)
            self.write(name, body)

    def declare(self, name, params):
        self.put(f"{name}.json", json.dumps({"version": 1, "params": params}))

    def write(self, name, body):
        self.put(f"{name}.frag", body + "\n")

    def put(self, name, text):
        """As an editor saves: another file, renamed."""
        path = os.path.join(self.path, name)
        with open(path + ".new~", "w", encoding="utf-8") as file:
            file.write(text)
        os.rename(path + ".new~", path)
