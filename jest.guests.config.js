/**
 * Tests in real guests: `npm run test:guests`. Two files at a time, however many processors there are: the guests of a
 * machine share 200 kernel keys and 128 inotify instances.
 *
 * @type {import("jest").Config}
 */
module.exports = {
  ...require("./jest.config.js"),
  testMatch: ["**/__tests__/guests/**/*.test.ts"],
  testPathIgnorePatterns: [],
  globalSetup: "<rootDir>/__tests__/guests/support/setup.ts",
  maxWorkers: 2,
};
