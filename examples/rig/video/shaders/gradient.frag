// From one colour to another, straight across the picture. `angle` in degrees, clockwise; `speed` in turns a second.
vec4 layer(vec2 uv) {
  float direction = radians(u_angle) + turns(u_speed) * 6.2831853;
  vec2 along = vec2(cos(direction), sin(direction));
  // Whatever the direction, the colours are reached in the corners.
  float reach = abs(along.x) + abs(along.y);
  return mix(u_color_a, u_color_b, clamp(dot(uv - 0.5, along) / reach + 0.5, 0.0, 1.0));
}
