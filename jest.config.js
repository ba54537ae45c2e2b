/** @type {import("jest").Config} */
module.exports = {
  testEnvironment: "node",
  testMatch: ["**/__tests__/**/*.test.ts"],
  // These take minutes, and need root: npm run test:guests.
  testPathIgnorePatterns: ["/node_modules/", "<rootDir>/__tests__/guests/"],
  globalSetup: "<rootDir>/__tests__/support/scratch.ts",
  globalTeardown: "<rootDir>/__tests__/support/remove-scratch.ts",
  modulePathIgnorePatterns: ["<rootDir>/cdktf.out"],
  transform: {
    "^.+\\.tsx?$": [
      "@swc/jest",
      { jsc: { target: "es2022", parser: { syntax: "typescript" } }, module: { type: "commonjs" } },
    ],
  },
};
