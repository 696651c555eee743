# Takes away what scdoc writes for nothing, and mandoc warns of: a paragraph that begins right behind a heading, in front
# of one, or twice. One that begins in front of the end of an indent begins behind it.
/^\.P$/ { begins = !behind_heading; next }
/^\.RE/ { print; next }
/^\.S[HS] / { begins = 0; behind_heading = 1; print; next }
{
    if (begins)
        print ".P"
    begins = behind_heading = 0
    print
}
