/*
  The EICAR test file, as its authors define it: a file that starts with the 68 known bytes, is at most 128 bytes long,
  and holds nothing behind them but space, tab, line feed, carriage return and Ctrl-Z.
  Some of the bytes are escaped so that no scanner takes this file for the test file itself.
*/
rule EICAR_test_file
{
  meta:
    description = "EICAR anti-malware test file: harmless, made to show that a scanner works"
    author = "Sluice"
    reference = "https://www.eicar.org/download-anti-malware-testfile/"
    date = "2026-11-24"
    severity = "low"
  strings:
    $eicar = "X5O!P%@AP[4\x5CPZX54(P^)7CC)7}\x24EICAR\x2DSTANDARD\x2DANTIVIRUS\x2DTEST\x2DFILE\x21\x24H+H*"
  condition:
    filesize <= 128
    and $eicar at 0
    and for all i in (68..127) : (
      /* 0x104002600 has the bits 9, 10, 13, 26 and 32 set: the five bytes that may follow. */
      i >= filesize or (0x104002600 >> uint8(i)) & 1 == 1
    )
}
