// The layers below, one sector of them mirrored around the middle. `rotation` in degrees, `speed` in turns a second.
vec4 layer(vec2 uv) {
  vec2 aspect = vec2(resolution.x / resolution.y, 1.0);
  vec2 p = (uv - 0.5) * aspect / u_zoom;
  float sector = 6.2831853 / float(u_segments);
  float turned = radians(u_rotation) + turns(u_speed) * 6.2831853;
  float angle = abs(mod(atan(p.y, p.x), sector) - 0.5 * sector) + turned;
  vec2 from = length(p) * vec2(cos(angle), sin(angle)) / aspect + 0.5;
  // Beyond the edge the picture goes on mirrored.
  return vec4(below(1.0 - abs(mod(from, 2.0) - 1.0)), 1.0);
}
