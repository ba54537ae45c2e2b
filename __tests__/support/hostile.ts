/** Text that does something where it is taken for code, an option, a format or a path: here it would make a file `pwned`. */
export const HOSTILE: readonly string[] = [
  "; touch /root/pwned #",
  "& touch /root/pwned &",
  "| touch /root/pwned",
  "> /root/pwned",
  "$(touch /root/pwned)",
  "`touch /root/pwned`",
  "'; touch /root/pwned; '",
  '"; touch /root/pwned; "',
  "a\ntouch /root/pwned\n",
  "\n\ntrailing newlines\n\n",
  "a\r\nb\tc",
  "-rf",
  "--help",
  "a\\",
  "${IFS}$HOME${PATH}%{x}",
  "%s%n%d",
  "* ? [a-z] ~",
  " blanks ",
  "../../etc/passwd",
  "é ☃ 𝕏 \u202e\u2028\ufeff",
  "\u0001\u001b[31m\u007f",
];

/** Of 64 KiB. */
export const LONG = "$(touch /root/pwned)'\"\n".repeat(3000).slice(0, 65_536);
