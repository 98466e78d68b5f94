// Four waves that run into each other. `scale` is waves over the height, `speed` in turns a second; every wave makes whole
// turns in one, so the motion closes without a seam.
vec4 layer(vec2 uv) {
  vec2 p = (uv - u_center) * vec2(resolution.x / resolution.y, 1.0) * u_scale * 6.2831853;
  float t = turns(u_speed) * 6.2831853;
  float sum = sin(p.x + t) + sin(p.y * 1.3 - t) + sin((p.x + p.y) * 0.7 + 2.0 * t) + sin(length(p) - t);
  float level = 0.5 + 0.125 * sum;
  // Bands over the smooth field.
  float band = 0.5 + 0.5 * sin(level * 25.0);
  vec3 shade = vec3(level * level, level * (1.0 - 0.5 * level), 1.0 - level);
  return vec4(mix(shade, shade * band, u_contour) * u_tint.rgb, u_tint.a);
}
