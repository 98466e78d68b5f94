// Colours of the layers below. `hue` in degrees, `contrast` around the grey that cameras call middle, `gain` for each of red,
// green and blue.
vec4 layer(vec2 uv) {
  const vec3 kLuma = vec3(0.2126, 0.7152, 0.0722);
  const vec3 kGrey = vec3(0.57735027);
  vec3 c = below() * u_gain;
  // A turn around the grey axis.
  float angle = radians(u_hue);
  c = c * cos(angle) + cross(kGrey, c) * sin(angle) + kGrey * dot(kGrey, c) * (1.0 - cos(angle));
  c = mix(vec3(dot(c, kLuma)), c, u_saturation);
  return vec4((c - 0.18) * u_contrast + 0.18, 1.0);
}
