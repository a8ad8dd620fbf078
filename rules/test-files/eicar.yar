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
    filesize <= 128 and $eicar at 0
    /* 0x104002600 has the bits 9, 10, 13, 26 and 32 set: the five bytes that may follow. */
    and (filesize <= 68 or (0x104002600 >> uint8(68)) & 1 == 1)
    and (filesize <= 69 or (0x104002600 >> uint8(69)) & 1 == 1)
    and (filesize <= 70 or (0x104002600 >> uint8(70)) & 1 == 1)
    and (filesize <= 71 or (0x104002600 >> uint8(71)) & 1 == 1)
    and (filesize <= 72 or (0x104002600 >> uint8(72)) & 1 == 1)
    and (filesize <= 73 or (0x104002600 >> uint8(73)) & 1 == 1)
    and (filesize <= 74 or (0x104002600 >> uint8(74)) & 1 == 1)
    and (filesize <= 75 or (0x104002600 >> uint8(75)) & 1 == 1)
    and (filesize <= 76 or (0x104002600 >> uint8(76)) & 1 == 1)
    and (filesize <= 77 or (0x104002600 >> uint8(77)) & 1 == 1)
    and (filesize <= 78 or (0x104002600 >> uint8(78)) & 1 == 1)
    and (filesize <= 79 or (0x104002600 >> uint8(79)) & 1 == 1)
    and (filesize <= 80 or (0x104002600 >> uint8(80)) & 1 == 1)
    and (filesize <= 81 or (0x104002600 >> uint8(81)) & 1 == 1)
    and (filesize <= 82 or (0x104002600 >> uint8(82)) & 1 == 1)
    and (filesize <= 83 or (0x104002600 >> uint8(83)) & 1 == 1)
    and (filesize <= 84 or (0x104002600 >> uint8(84)) & 1 == 1)
    and (filesize <= 85 or (0x104002600 >> uint8(85)) & 1 == 1)
    and (filesize <= 86 or (0x104002600 >> uint8(86)) & 1 == 1)
    and (filesize <= 87 or (0x104002600 >> uint8(87)) & 1 == 1)
    and (filesize <= 88 or (0x104002600 >> uint8(88)) & 1 == 1)
    and (filesize <= 89 or (0x104002600 >> uint8(89)) & 1 == 1)
    and (filesize <= 90 or (0x104002600 >> uint8(90)) & 1 == 1)
    and (filesize <= 91 or (0x104002600 >> uint8(91)) & 1 == 1)
    and (filesize <= 92 or (0x104002600 >> uint8(92)) & 1 == 1)
    and (filesize <= 93 or (0x104002600 >> uint8(93)) & 1 == 1)
    and (filesize <= 94 or (0x104002600 >> uint8(94)) & 1 == 1)
    and (filesize <= 95 or (0x104002600 >> uint8(95)) & 1 == 1)
    and (filesize <= 96 or (0x104002600 >> uint8(96)) & 1 == 1)
    and (filesize <= 97 or (0x104002600 >> uint8(97)) & 1 == 1)
    and (filesize <= 98 or (0x104002600 >> uint8(98)) & 1 == 1)
    and (filesize <= 99 or (0x104002600 >> uint8(99)) & 1 == 1)
    and (filesize <= 100 or (0x104002600 >> uint8(100)) & 1 == 1)
    and (filesize <= 101 or (0x104002600 >> uint8(101)) & 1 == 1)
    and (filesize <= 102 or (0x104002600 >> uint8(102)) & 1 == 1)
    and (filesize <= 103 or (0x104002600 >> uint8(103)) & 1 == 1)
    and (filesize <= 104 or (0x104002600 >> uint8(104)) & 1 == 1)
    and (filesize <= 105 or (0x104002600 >> uint8(105)) & 1 == 1)
    and (filesize <= 106 or (0x104002600 >> uint8(106)) & 1 == 1)
    and (filesize <= 107 or (0x104002600 >> uint8(107)) & 1 == 1)
    and (filesize <= 108 or (0x104002600 >> uint8(108)) & 1 == 1)
    and (filesize <= 109 or (0x104002600 >> uint8(109)) & 1 == 1)
    and (filesize <= 110 or (0x104002600 >> uint8(110)) & 1 == 1)
    and (filesize <= 111 or (0x104002600 >> uint8(111)) & 1 == 1)
    and (filesize <= 112 or (0x104002600 >> uint8(112)) & 1 == 1)
    and (filesize <= 113 or (0x104002600 >> uint8(113)) & 1 == 1)
    and (filesize <= 114 or (0x104002600 >> uint8(114)) & 1 == 1)
    and (filesize <= 115 or (0x104002600 >> uint8(115)) & 1 == 1)
    and (filesize <= 116 or (0x104002600 >> uint8(116)) & 1 == 1)
    and (filesize <= 117 or (0x104002600 >> uint8(117)) & 1 == 1)
    and (filesize <= 118 or (0x104002600 >> uint8(118)) & 1 == 1)
    and (filesize <= 119 or (0x104002600 >> uint8(119)) & 1 == 1)
    and (filesize <= 120 or (0x104002600 >> uint8(120)) & 1 == 1)
    and (filesize <= 121 or (0x104002600 >> uint8(121)) & 1 == 1)
    and (filesize <= 122 or (0x104002600 >> uint8(122)) & 1 == 1)
    and (filesize <= 123 or (0x104002600 >> uint8(123)) & 1 == 1)
    and (filesize <= 124 or (0x104002600 >> uint8(124)) & 1 == 1)
    and (filesize <= 125 or (0x104002600 >> uint8(125)) & 1 == 1)
    and (filesize <= 126 or (0x104002600 >> uint8(126)) & 1 == 1)
    and (filesize <= 127 or (0x104002600 >> uint8(127)) & 1 == 1)
}
