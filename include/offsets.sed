# The constants in the compiler's output for an offsets file, a line each:
#	.ascii "->NAME $VALUE text"	becomes		DEFINE NAME VALUE
s/^[[:space:]]*\.ascii[[:space:]]*"->\([^ ]*\) \$*\([^ ]*\) .*/DEFINE \1 \2/p
