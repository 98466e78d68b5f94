// Shapes around the middle, with nothing between them. `count` of them from the middle to the edge or around it, `width` as a
// share of the space that each has; `rotation` in degrees, `speed` in shapes a second, outwards or around.
vec4 layer(vec2 uv) {
  vec2 p = (uv - 0.5) * vec2(resolution.x / resolution.y, 1.0) * 2.0;
  float turned = radians(u_rotation);
  p = mat2(cos(turned), sin(turned), -sin(turned), cos(turned)) * p;
  float around = atan(p.y, p.x) / 6.2831853;
  float outwards = u_kind == 1 ? max(abs(p.x), abs(p.y)) : length(p);
  float count = float(u_count);
  float place = u_kind == 2 ? around * count : outwards * count + (u_kind == 3 ? around : 0.0);
  // One pixel of the picture, in shapes: how soft an edge must be.
  float pixel = 2.0 * count / resolution.y;
  if (u_kind == 2) pixel /= max(6.2831853 * outwards, 0.001);
  float offset = abs(fract(place - turns(u_speed)) - 0.5) * 2.0;
  float inside = smoothstep(-pixel, pixel, u_width - offset);
  if (u_invert) inside = 1.0 - inside;
  return vec4(u_color.rgb, u_color.a * inside);
}
