"""The files of fastText (.bin) and floret (.floret), which hold rows of subwords."""
