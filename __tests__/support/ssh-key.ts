/** A public key in OpenSSH's form, whose inside names its type and ends where it says (RFC 4253, section 6.6). */
export function publicKey(type = "ssh-ed25519", fields: readonly Buffer[] = [Buffer.alloc(32, 7)]): string {
  const blob = [Buffer.from(type), ...fields].flatMap((field) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(field.length);
    return [length, field];
  });
  return `${type} ${Buffer.concat(blob).toString("base64")}`;
}
