import { probeGuests } from "../../../testbed/guests/probe";

describe("probeGuests", () => {
  const { PATH } = process.env;
  afterEach(() => {
    process.env.PATH = PATH;
  });

  it("says what is missing and the line that installs it", async () => {
    process.env.PATH = "/nonexistent";
    const probe = await probeGuests();
    expect(probe).toMatchObject({
      ok: false,
      missing: expect.arrayContaining(["the command lxc-start", "the command mmdebstrap"]),
      install:
        "apt-get install --no-install-recommends dnsmasq-base iproute2 lxc mmdebstrap openssh-client uidmap util-linux zstd",
    });
  });
});
